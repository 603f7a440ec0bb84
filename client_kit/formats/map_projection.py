"""From UTM metres to longitude and latitude, for the map grids whose ellipsoid and datum agree with WGS84.

EPSG 25828-25838 (ETRS89), 32601-32660 and 32701-32760 (WGS84). ETRS89 and WGS84 differ by less than a metre,
which a footprint on a map does not show. The method is Krüger's series in the third flattening to the third
order (Karney, "Transverse Mercator with an accuracy of a few nanometers", 2011): to a millimetre in a zone.
"""

from __future__ import annotations

import math

SEMI_MAJOR_M = 6_378_137.0
_FLATTENING = 1 / 298.257223563  # GRS80 differs in the eleventh digit
_N = _FLATTENING / (2 - _FLATTENING)
_RADIUS_M = SEMI_MAJOR_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_BETA = (_N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96, _N**2 / 48 + _N**3 / 15, 17 * _N**3 / 480)
_ECCENTRICITY = math.sqrt(_FLATTENING * (2 - _FLATTENING))
_SCALE, _FALSE_EASTING_M, _FALSE_NORTHING_SOUTH_M = 0.9996, 500_000.0, 10_000_000.0


def utm_zone(epsg: int | None) -> tuple[int, bool] | None:
    """(zone, southern) of an EPSG code, or None where it names no UTM grid known here."""
    match epsg:
        case int() if 25828 <= epsg <= 25838:
            return epsg - 25800, False
        case int() if 32601 <= epsg <= 32660:
            return epsg - 32600, False
        case int() if 32701 <= epsg <= 32760:
            return epsg - 32700, True
    return None


def from_utm(epsg: int, easting_m: float, northing_m: float) -> tuple[float, float]:
    """(longitude, latitude) in degrees. `utm_zone(epsg)` must not be None."""
    found = utm_zone(epsg)
    assert found is not None, epsg
    zone, southern = found
    xi = (northing_m - (_FALSE_NORTHING_SOUTH_M if southern else 0)) / (_SCALE * _RADIUS_M)
    eta = (easting_m - _FALSE_EASTING_M) / (_SCALE * _RADIUS_M)
    bent = enumerate(_BETA, start=1)
    sums = [
        (b * math.sin(2 * j * xi) * math.cosh(2 * j * eta), b * math.cos(2 * j * xi) * math.sinh(2 * j * eta))
        for j, b in bent
    ]
    xi, eta = xi - sum(s for s, _ in sums), eta - sum(s for _, s in sums)
    conformal = math.sin(xi) / math.hypot(math.sinh(eta), math.cos(xi))
    longitude = math.degrees(math.atan2(math.sinh(eta), math.cos(xi))) + zone * 6 - 183
    return longitude, math.degrees(math.atan(_tangent_of_latitude(conformal)))


def metres_per_degree(latitude_deg: float) -> tuple[float, float]:
    """(along the parallel, along the meridian) on the WGS84 ellipsoid."""
    latitude = math.radians(latitude_deg)
    bend = 1 - (_ECCENTRICITY * math.sin(latitude)) ** 2
    across = SEMI_MAJOR_M / math.sqrt(bend) * math.cos(latitude)
    along = SEMI_MAJOR_M * (1 - _ECCENTRICITY**2) / bend**1.5
    return math.radians(across), math.radians(along)


def _tangent_of_latitude(conformal: float) -> float:
    """Newton's method (Karney 2011, eq. 19-21); two rounds suffice, five are run."""
    tau = conformal
    for _ in range(5):
        root = math.hypot(1, tau)
        sigma = math.sinh(_ECCENTRICITY * math.atanh(_ECCENTRICITY * tau / root))
        guess = tau * math.hypot(1, sigma) - sigma * root
        slope = (1 + (1 - _ECCENTRICITY**2) * tau**2) / ((1 - _ECCENTRICITY**2) * root)
        tau += (conformal - guess) / math.hypot(1, guess) * slope
    return tau
