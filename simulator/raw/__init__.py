"""The raw side of an index of printed points: values behind the points, points made of them again, calibration."""
