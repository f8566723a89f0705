import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.geography import FARTHEST_KM, Place, box_around, distance_km
from venues.models import Venue
from venues.selectors import venues_near

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
PLACES = st.builds(Place, LATITUDES, LONGITUDES)
LONDON, PARIS, SYDNEY = Place(51.5074, -0.1278), Place(48.8566, 2.3522), Place(-33.8688, 151.2093)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(LONDON, LONDON, 0), (LONDON, PARIS, 343.6), (LONDON, SYDNEY, 16993.9), (Place(0, 0), Place(0, 180), FARTHEST_KM)],
)
def test_known_distances(one, other, expected):
    assert distance_km(one, other) == pytest.approx(expected, abs=0.5)


@given(PLACES, PLACES, st.floats(0.001, FARTHEST_KM))
def test_box_holds_everything_within_the_radius(centre, other, radius_km):
    box = box_around(centre, radius_km)

    if distance_km(centre, other) <= radius_km * 0.999:
        assert box.latitudes[0] <= other.latitude <= box.latitudes[1]
        assert not box.longitudes or any(west <= other.longitude <= east for west, east in box.longitudes)


@pytest.mark.django_db
@pytest.mark.parametrize("centre", [LONDON, SYDNEY, Place(90, 0), Place(-90, 77), Place(0, 180)])
def test_database_measures_as_we_do(centre):
    places = [LONDON, PARIS, SYDNEY, Place(90, 0), Place(0, 0), Place(0, -180), centre]
    for place in places:
        Venue.objects.create(name=str(place), latitude=place.latitude, longitude=place.longitude)

    measured = venues_near(Venue.objects.all(), centre).order_by("pk")

    for place, row in zip(places, measured, strict=True):
        assert row.distance_km == pytest.approx(distance_km(centre, place), abs=0.001)
