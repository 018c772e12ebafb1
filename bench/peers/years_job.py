"""The job that ``bench.data`` gives to each: what to clean, join, derive, learn from training and split.

Clean: spell categories alike, leave out impossible rows and those without an answer, and all but one of a key. Join the
weather at the hour, and the plane. Derive cycles, the minute of departure, the mean delay of carrier and origin over
the seven days before, the share of the route in training. Impute by medians and winsorise at quantiles of training.
"""

CATEGORIES = ("carrier", "origin", "dest", "tailnum")
KEY = ("time_hour", "carrier", "flight", "origin", "dest", "sched_dep_time")
WEATHER = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")
PLANES = {"year": "plane_year", "seats": "plane_seats"}
IMPUTED = (*WEATHER, *PLANES.values())
WINSORISED = ("wind_speed", "distance")
QUANTILES = (0.01, 0.99)
CYCLES = {"month": ("month", 12), "weekday": ("(isodow(make_date(year, month, day)) - 1)", 7), "hour": ("hour", 24)}
PLAIN = ("time_hour", "carrier", "flight", "origin", "dest", "tailnum")
SHARES = (0.70, 0.85)
"""Of the days: what trains, and what lies before the hold-out."""
