"""The AsyncAPI document and its page."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import Draft7Validator

from config.contracts import CONTRACTS
from core.surface import close_codes
from tests.sockets.documented import assert_documented

OFFICIAL_SCHEMA = Path(__file__).parent / "data" / "asyncapi-3.0.0.json"


@pytest.fixture
def document(client, db):
    return client.get("/api/schema/ws/").json()


def test_it_is_a_valid_asyncapi_3_document(document):
    official = Draft7Validator(json.loads(OFFICIAL_SCHEMA.read_text()))

    assert [error.message for error in official.iter_errors(document)] == []


def test_every_socket_of_every_contract_is_in_it(document):
    paths = [
        "/" + socket.path.replace("<str:", "{").replace("<int:", "{").replace(">", "}")
        for contract in CONTRACTS
        for socket in contract.sockets
    ]

    assert [channel["address"] for channel in document["channels"].values()] == paths


def test_what_a_socket_takes_and_gives_is_all_in_it(document):
    for contract in CONTRACTS:
        for socket in contract.sockets:
            names = {
                f"{contract.name}.{kind.__name__}" for kind in (*socket.consumer.takes.values(), *socket.consumer.gives)
            }
            (channel,) = (
                channel
                for channel in document["channels"].values()
                if (channel["summary"], channel["title"]) == (contract.title, socket.consumer.title)
            )

            assert set(channel["messages"]) == names


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_each_contract_has_a_document_and_a_page_of_its_own(client, db, document, contract):
    own = client.get(f"/api/schema/ws/{contract.name}/").json()
    page = client.get(f"/api/docs/ws/{contract.name}").content.decode()

    channels = {name: at for name, at in document["channels"].items() if at["summary"] == contract.title}
    assert own["info"]["title"] == f"{contract.title}: WebSockets"
    assert own["channels"] == channels
    assert all(f"<code>{channel['address']}</code>" in page for channel in channels.values())
    assert f'href="/api/schema/ws/{contract.name}"' in page
    assert f'href="/api/docs/{contract.name}"' in page


def test_every_schema_is_sound_and_every_example_is_what_it_says(document):
    for name, message in document["components"]["messages"].items():
        schema = {**message["payload"], "components": document["components"]}
        Draft202012Validator.check_schema(schema)
        for example in message["examples"]:
            problems = [error.message for error in Draft202012Validator(schema).iter_errors(example["payload"])]
            assert (name, problems) == (name, [])


def test_it_tells_every_close_code(document):
    codes = {value for name, value in vars(close_codes).items() if name.isupper() and isinstance(value, int)}

    for channel in document["channels"].values():
        assert {int(code) for code in channel["x-close-codes"]} == codes


def test_every_reference_leads_somewhere(document):
    def references(part):
        if isinstance(part, dict):
            yield from ([part["$ref"]] if "$ref" in part else [])
            for value in part.values():
                yield from references(value)
        elif isinstance(part, list):
            for value in part:
                yield from references(value)

    for reference in references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


@pytest.mark.parametrize(
    ("action", "frame"),
    [
        ("send", {"type": "message", "id": 1, "seq": 1, "sender": "ann", "message": "Hi"}),
        ("send", {"type": "ack", "client_id": "a", "id": 1, "seq": 1, "more": True}),
        ("send", {"type": "dance"}),
        ("send", {"error": "No."}),
        ("receive", {"type": "resume"}),
        ("receive", {"message": 7}),
    ],
)
def test_a_frame_that_is_not_in_it_is_noticed(action, frame):
    with pytest.raises(AssertionError):
        assert_documented("/ws/group/anchor/", action, frame)


@pytest.mark.parametrize("path", ["/api/docs/ws/", "/api/docs/ws"])
def test_its_page_shows_every_frame_and_loads_nothing_from_elsewhere(client, document, path):
    page = client.get(path)

    text = page.content.decode()
    assert page.status_code == 200
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    for message in document["components"]["messages"].values():
        assert f"<code>{message['name']}</code>" in text
    assert "<script" not in text
    assert "style=" not in text
    assert 'src="http' not in text


def test_only_reading_is_allowed(client, db):
    assert [client.post(path).status_code for path in ("/api/schema/ws/", "/api/docs/ws/")] == [405, 405]
