from core.seal import keyed_hash, seal, unseal


def test_what_is_sealed_comes_back_and_is_not_readable():
    sealed = seal("a secret", purpose="test", secret="key")

    assert unseal(sealed, purpose="test", secret="key") == "a secret"
    assert "secret" not in sealed
    assert seal("a secret", purpose="test", secret="key") != sealed


def test_another_purpose_secret_or_server_key_opens_nothing(settings):
    sealed = seal("a secret", purpose="test", secret="key")

    assert unseal(sealed, purpose="other", secret="key") is None
    assert unseal(sealed, purpose="test", secret="other") is None
    assert unseal(sealed[:-2] + "AA", purpose="test", secret="key") is None
    assert unseal("nonsense", purpose="test", secret="key") is None
    settings.SECRET_KEY = "another server's key, as long as any other"
    assert unseal(sealed, purpose="test", secret="key") is None


def test_keyed_hashes_meet_only_for_equal_values_and_purposes(settings):
    first = keyed_hash("limit", "ann")

    assert first == keyed_hash("limit", "ann")
    assert len({first, keyed_hash("limit", "bob"), keyed_hash("other", "ann")}) == 3
    settings.SECRET_KEY = "another server's key, as long as any other"
    assert keyed_hash("limit", "ann") != first
