"""Adding people to a workspace, what they are there, and how they leave; as Pulseboard clients do it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail

from accounts.events import EmailProved
from accounts.models import UserType
from accounts.services.blocks import block_user, unblock_user
from accounts.services.one_time_passwords import Asker, request_one_time_password, use_one_time_password
from accounts.services.privacy import anonymise_account, export_account
from core.events import announce
from notifications.models import Notification, OutboxMail
from workspaces.models import Channel, ChannelMember, Invitation, Member, Workspace
from workspaces.services.invitations import purge_invitations

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(workspace):
    return f"/api/workspaces/{workspace.pk}/members/"


def roles(workspace):
    return dict(Member.objects.filter(workspace=workspace).values_list("user__username", "role"))


def test_who_is_known_is_in_at_once(as_user, workspace, boss, known, invite, path):
    new = known
    invite("nora@example.com")

    with time_machine.travel(NOON, tick=False):
        client = as_user(boss)
        added = client.send("POST", path, {"email": "Nora@Example.com", "role": "admin"})
        listed = client.get(path)
        again = client.send("POST", path, {"email": "nora@example.com"})

    told = {"status": "success", "state": "member", "user_id": new.pk, "email": "nora@example.com", "role": "admin"}
    assert (added.status_code, added.json()) == (201, told)
    assert listed.json()["data"][1] == {
        "user_id": new.pk,
        "username": "nora",
        "email": "nora@example.com",
        "full_name": "Nora Ray",
        "role": "admin",
        "joined_at": "2026-03-01T12:00:00Z",
    }
    assert not Invitation.objects.exists()
    assert (again.status_code, again.json()["code"]) == (409, "already_member")


@time_machine.travel(NOON, tick=False)
def test_who_is_unknown_is_written_to(as_user, workspace, boss, path, django_capture_on_commit_callbacks):
    client = as_user(boss)

    with django_capture_on_commit_callbacks(execute=True):
        added = client.send("POST", path, {"email": "New@example.com"})

    told = {"status": "success", "state": "invited", "user_id": None, "email": "new@example.com", "role": "member"}
    assert (added.status_code, added.json()) == (201, told)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["new@example.com"], "You are invited to Engineering Team")
    assert "bo would like you to join the workspace Engineering Team." in sent.body
    assert "A place is kept for you until 15 March 2026, 12:00 UTC." in sent.body
    assert "<strong>Engineering Team</strong>" in sent.alternatives[0].content
    waiting = client.get(f"/api/workspaces/{workspace.pk}/invitations/")
    assert waiting.json() == {
        "status": "success",
        "data": [
            {
                "id": Invitation.objects.get().pk,
                "email": "new@example.com",
                "role": "member",
                "invited_by": "bo@example.com",
                "created_at": "2026-03-01T12:00:00Z",
                "expires_at": "2026-03-15T12:00:00Z",
            }
        ],
    }
    assert roles(workspace) == {"bo": "owner"}


def test_asked_again_an_invitation_is_renewed_but_not_for_ever(as_user, boss, path, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"workspace_invitation_address": "2/day"}
    with time_machine.travel(NOON, tick=False) as clock:
        as_user(boss).send("POST", path, {"email": "new@example.com"})
        clock.shift(timedelta(hours=1))
        again = as_user(boss).send("POST", path, {"email": "new@example.com", "role": "admin"})
        refused = as_user(boss).send("POST", path, {"email": "new@example.com"})

    assert (again.status_code, refused.status_code) == (201, 429)
    assert int(refused["Retry-After"]) == 23 * 3600
    (kept,) = Invitation.objects.all()
    assert (kept.role, kept.expires_at) == ("admin", NOON + timedelta(days=14, hours=1))
    assert OutboxMail.objects.count() == 2


def test_nobody_writes_to_ever_so_many(as_user, boss, path, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"workspace_invitation_sender": "2/day"}
    client = as_user(boss)

    answers = [client.send("POST", path, {"email": f"{number}@example.com"}).status_code for number in range(3)]

    assert answers == [201, 201, 429]
    assert (Invitation.objects.count(), OutboxMail.objects.count()) == (2, 2)


@time_machine.travel(NOON, tick=False)
def test_who_is_put_out_and_in_again_is_not_told_for_ever(as_user, boss, known, path, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"workspace_invitation_address": "2/day"}
    client = as_user(boss)

    answers = []
    for _ in range(3):
        answers.append(client.send("POST", path, {"email": known.email}))
        client.send("DELETE", f"{path}{known.pk}/")

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert (answers[-1].json()["code"], int(answers[-1]["Retry-After"])) == ("too_many_requests", 24 * 3600)
    assert Notification.objects.filter(recipient=known).count() == 2
    assert not Member.objects.filter(user=known).exists()


@time_machine.travel(NOON, tick=False)
def test_who_is_over_the_limit_learns_nothing_of_an_address(as_user, boss, known, path, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"workspace_invitation_sender": "1/day"}
    client = as_user(boss)

    client.send("POST", path, {"email": "first@example.com"})
    answers = [client.send("POST", path, {"email": email}) for email in (known.email, boss.email, "new@example.com")]

    assert {answer.status_code for answer in answers} == {429}
    assert {(answer.content, answer["Retry-After"]) for answer in answers} == {(answers[0].content, "86400")}


@pytest.mark.parametrize("blocks", ["known", "boss"])
def test_who_has_blocked_or_is_blocked_is_not_put_in(as_user, workspace, boss, known, path, blocks):
    one, other = (known, boss) if blocks == "known" else (boss, known)
    block_user(blocked=other, by=one)

    refused = as_user(boss).send("POST", path, {"email": known.email})

    told = {"status": "error", "message": "You cannot add them to a workspace.", "code": "blocked"}
    assert (refused.status_code, refused.json()) == (403, told)
    assert roles(workspace) == {"bo": "owner"}
    assert not Notification.objects.exists()


def test_what_somebody_blocked_has_kept_waits_until_they_are_no_more(
    workspace, boss, make_user, invite, make_workspace
):
    new = make_user("nora")
    other = make_workspace("Other", owner=make_user("otto"))
    invite(new.email)
    invite(new.email, workspace=other, invited_by=other.created_by)
    block_user(blocked=boss, by=new)

    announce(EmailProved(user_id=new.pk, email=new.email))

    assert (roles(workspace), roles(other)) == ({"bo": "owner"}, {"otto": "owner", "nora": "member"})
    assert Invitation.objects.get().workspace == workspace

    unblock_user(blocked=boss, by=new)
    announce(EmailProved(user_id=new.pk, email=new.email))

    assert roles(workspace) == {"bo": "owner", "nora": "member"}


@pytest.mark.parametrize("user_type", [UserType.CUSTOMER, UserType.MEMBER, UserType.VENUE_OWNER])
def test_an_address_nobody_has_proved_is_written_to(as_user, workspace, boss, make_user, path, user_type):
    """Whoever gave it at registration may not be who reads its mail."""
    squatter = make_user("sly", user_type)

    added = as_user(boss).send("POST", path, {"email": squatter.email})

    assert added.json()["state"] == "invited"
    assert roles(workspace) == {"bo": "owner"}


def test_who_gives_another_address_has_not_proved_that_one(as_user, workspace, boss, known, path):
    as_user(known).send("PATCH", f"/customers/{known.pk}/", {"email": "boss@example.com"})

    added = as_user(boss).send("POST", path, {"email": "boss@example.com"})

    assert added.json()["state"] == "invited"
    assert roles(workspace) == {"bo": "owner"}


def test_proving_an_address_takes_up_what_is_kept_for_it(workspace, make_workspace, boss, make_user, invite):
    other, ended = make_workspace("Other"), make_workspace("Ended", deleted_at=NOON)
    late = make_workspace("Late")
    invite("nora@example.com", role="admin")
    for place, fields in ((other, {}), (ended, {}), (late, {"expires_at": NOON})):
        invite("nora@example.com", workspace=place, **fields)
    invite("other@example.com")
    new = make_user("nora")

    announce(EmailProved(user_id=new.pk, email="nora@example.com"))

    found = Member.objects.filter(user=new).order_by("workspace").values_list("workspace", "role")
    assert list(found) == [(workspace.pk, "admin"), (other.pk, "member")]
    kept = Invitation.objects.filter(email="nora@example.com").values_list("workspace", flat=True)
    assert set(kept) == {ended.pk, late.pk}


def test_a_code_takes_up_what_is_kept(workspace, make_user, invite, issued_codes, django_capture_on_commit_callbacks):
    new = make_user("nora", UserType.MEMBER)
    invite(new.email)

    with django_capture_on_commit_callbacks(execute=True):
        request_one_time_password(surface="pulseboard", asker=Asker(new.email))
    use_one_time_password(surface="pulseboard", email=new.email, code=issued_codes[-1].code)

    assert roles(workspace) == {"bo": "owner", "nora": "member"}


def test_proving_where_nothing_is_kept_costs_one_query(make_user, django_assert_num_queries):
    new = make_user("nora")

    with django_assert_num_queries(1):
        announce(EmailProved(user_id=new.pk, email=new.email))


def test_a_withdrawn_invitation_is_taken_up_no_more(as_user, workspace, boss, make_user, invite):
    new = make_user("nora")
    invitation = invite(new.email)

    response = as_user(boss).send("DELETE", f"/api/workspaces/{workspace.pk}/invitations/{invitation.pk}/")
    announce(EmailProved(user_id=new.pk, email=new.email))

    assert response.status_code == 204
    assert roles(workspace) == {"bo": "owner"}


def test_invitations_that_ran_out_are_forgotten(invite):
    kept = invite("new@example.com")
    invite("old@example.com", expires_at=NOON)

    assert purge_invitations() == 1
    assert list(Invitation.objects.all()) == [kept]


def test_who_is_added_is_told_and_told_again_when_added_again(as_user, workspace, boss, known, path, invite):
    new = known
    client = as_user(boss)
    for _ in range(2):
        client.send("POST", path, {"email": new.email})
        client.send("DELETE", f"{path}{new.pk}/")
    invite(new.email)
    announce(EmailProved(user_id=new.pk, email=new.email))

    told = Notification.objects.values_list("recipient", "actor", "kind", "message", "details")
    assert (
        list(told)
        == [
            (
                new.pk,
                boss.pk,
                "invitation",
                "added you to the workspace Engineering Team",
                {"workspace_id": workspace.pk},
            )
        ]
        * 2
    )


def test_the_owner_hands_the_workspace_over(as_user, workspace, boss, aide, mate, path):
    response = as_user(boss).send("PATCH", f"{path}{mate.pk}/", {"role": "owner"})

    assert (response.status_code, response.json()["data"]["role"]) == (200, "owner")
    assert roles(workspace) == {"bo": "admin", "ada": "admin", "mia": "owner"}
    refused = as_user(boss).send("PATCH", f"{path}{aide.pk}/", {"role": "owner"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_the_owner")
    assert as_user(boss).send("DELETE", f"{path}{boss.pk}/").status_code == 204


def test_what_they_are_already_is_no_change(as_user, workspace, boss, mate, path):
    answers = [
        as_user(boss).send("PATCH", f"{path}{user.pk}/", {"role": role}).status_code
        for user, role in ((boss, "owner"), (mate, "member"))
    ]

    assert answers == [200, 200]
    assert roles(workspace) == {"bo": "owner", "mia": "member"}


def test_who_is_out_is_out_of_the_private_channels(as_user, workspace, boss, mate, path, make_channel):
    shared, own, public = make_channel("leads", boss, mate), make_channel("mine", mate), make_channel()

    response = as_user(boss).send("DELETE", f"{path}{mate.pk}/")

    assert (response.status_code, response.content) == (204, b"")
    assert list(ChannelMember.objects.values_list("channel", "user")) == [(shared.pk, boss.pk)]
    # The one that nobody is in any more could never be entered again.
    assert list(Channel.objects.filter(deleted_at=None)) == [shared, public]
    client = as_user(mate)
    gone = [client.get(f"/api/channels/{channel.pk}/").status_code for channel in (shared, own, public)]
    assert gone == [404, 404, 404]


@pytest.mark.parametrize("count", [1, 3])
def test_lists_take_as_many_queries_for_many(
    as_user, workspace, boss, make_user, join, invite, path, make_channel, django_assert_num_queries, count
):
    people = [join(make_user(f"m{number}"), workspace) for number in range(count)]
    private = make_channel("leads", boss, *people)
    for number in range(count):
        invite(f"{number}@example.com")
    client = as_user(boss)
    expected = {
        path: (3, count + 1),
        f"/api/workspaces/{workspace.pk}/invitations/": (4, count),
        f"/api/channels/{private.pk}/members/": (3, count + 1),
    }

    for url, (queries, rows) in expected.items():
        with django_assert_num_queries(queries):
            response = client.get(url)
        assert len(response.json()["data"]) == rows


def test_a_workspace_passes_to_the_longest_serving_admin_when_its_owner_is_gone(
    workspace, boss, mate, aide, make_user, join
):
    join(make_user("late"), workspace, "admin")

    anonymise_account(user=boss, by=boss)

    assert roles(workspace) == {"mia": "member", "ada": "owner", "late": "admin"}


def test_or_else_to_the_longest_serving_member(workspace, boss, mate, make_user, join):
    join(make_user("late"), workspace)

    anonymise_account(user=boss, by=boss)

    assert roles(workspace) == {"mia": "owner", "late": "member"}


def test_or_else_it_ends(workspace, boss, make_channel, make_user, join):
    make_channel("leads", boss)
    join(make_user("shut", is_active=False), workspace)

    anonymise_account(user=boss, by=boss)

    assert Workspace.objects.get().deleted_at is not None
    assert roles(workspace) == {"shut": "member"}
    assert not ChannelMember.objects.exists()


def test_one_who_is_no_owner_just_leaves(workspace, boss, mate, make_channel):
    make_channel("leads", boss, mate)

    anonymise_account(user=mate, by=mate)

    assert roles(workspace) == {"bo": "owner"}
    assert list(ChannelMember.objects.values_list("user", flat=True)) == [boss.pk]


def test_the_export_holds_what_they_are_in_and_whom_they_asked(workspace, boss, make_channel, invite):
    make_channel("leads", boss)
    invitation = invite("new@example.com")

    exported = export_account(boss)

    joined, added = Member.objects.get().joined_at, ChannelMember.objects.get().added_at
    assert exported["workspaces"] == [{"workspace": "Engineering Team", "role": "owner", "joined_at": joined}]
    assert exported["private_channels"] == [{"workspace": "Engineering Team", "channel": "leads", "added_at": added}]
    assert exported["workspace_invitations"] == [
        {
            "workspace": "Engineering Team",
            "email": "new@example.com",
            "role": "member",
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
        }
    ]
