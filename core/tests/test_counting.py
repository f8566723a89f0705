"""Counting several querysets at once."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from core.counting import count_each

User = apps.get_model("accounts.User")

pytestmark = pytest.mark.django_db


def test_each_queryset_is_counted_in_one_query(make_user, django_assert_num_queries):
    for name in ("ann", "ben", "cay"):
        make_user(name)
    soon = timezone.now() + timedelta(hours=1)
    of_a_type = User.objects.filter(user_type__slug__in=("customer", "superuser")).select_related("user_type")

    with django_assert_num_queries(1):
        counted = count_each(
            {
                "all": User.objects.order_by("-date_joined"),
                "ann": User.objects.filter(username="ann", date_joined__lt=soon),
                "nobody": User.objects.filter(date_joined__gt=soon),
                "none": User.objects.none(),
                "joined": of_a_type,
            }
        )

    assert counted == {"all": 3, "ann": 1, "nobody": 0, "none": 0, "joined": of_a_type.count()}


def test_nothing_to_count_is_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert count_each({}) == {}
