"""Distances on a sphere of the earth's mean radius, good to half a percent. Degrees in, kilometres out."""

from dataclasses import dataclass
from math import asin, cos, degrees, pi, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088
FARTHEST_KM = EARTH_RADIUS_KM * pi


@dataclass(frozen=True)
class Place:
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Box:
    """What holds every place within some distance of another. `longitudes` are one range, two where it crosses the
    180th meridian, and none where it holds a pole and so all of them.
    """

    latitudes: tuple[float, float]
    longitudes: tuple[tuple[float, float], ...]


def distance_km(one: Place, other: Place) -> float:
    """The great-circle distance by the haversine formula."""
    north, east = radians(other.latitude - one.latitude), radians(other.longitude - one.longitude)
    chord = sin(north / 2) ** 2 + cos(radians(one.latitude)) * cos(radians(other.latitude)) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def box_around(centre: Place, radius_km: float) -> Box:
    reach = radius_km / EARTH_RADIUS_KM
    north, south = centre.latitude + degrees(reach), centre.latitude - degrees(reach)
    latitudes = (max(south, -90.0), min(north, 90.0))
    if north >= 90 or south <= -90:
        return Box(latitudes, ())
    east = degrees(asin(min(1.0, sin(reach) / cos(radians(centre.latitude)))))
    return Box(latitudes, _longitudes(centre.longitude - east, centre.longitude + east))


def _longitudes(west: float, east: float) -> tuple[tuple[float, float], ...]:
    if west < -180:
        return ((-180.0, east), (west + 360, 180.0))
    if east > 180:
        return ((west, 180.0), (-180.0, east - 360))
    return ((west, east),)
