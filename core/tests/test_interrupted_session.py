from django.contrib.sessions.exceptions import SessionInterrupted

from core.surface.failure import Failure, failure_of


def test_a_session_that_ended_during_its_request_is_a_bad_request():
    failure = failure_of(SessionInterrupted())

    assert failure == Failure(400, "bad_request", "The request could not be understood.")
