from django.contrib.auth.hashers import BasePasswordHasher

HASHED: list[str] = []


class CountingHasher(BasePasswordHasher):
    """Counts how often a password is hashed, and matches none."""

    algorithm = "counting"

    def salt(self) -> str:
        return "salt"

    def encode(self, password: str, salt: str) -> str:
        HASHED.append(password)
        return f"counting${salt}$hash"

    def decode(self, encoded: str) -> dict[str, str]:
        _, salt, hashed = encoded.split("$")
        return {"algorithm": "counting", "salt": salt, "hash": hashed}

    def verify(self, password: str, encoded: str) -> bool:
        HASHED.append(password)
        return False

    def must_update(self, encoded: str) -> bool:
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        pass
