"""Missing values predicted from the other indicators of a city, by scikit-learn: regression and nearest neighbours.

scikit-learn is an extra (`pip install "citysim[impute]"`), looked for only when one of these methods is asked for.
Indicators are put on their z-scores first (over the cities that have a value, divisor n), so that their units mean
nothing; one that is constant scores 0 throughout.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np

from simulator.construction.skewness import constant_rows
from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Floats
from simulator.preparation import (
    Nearest,
    Regression,
)


def by_regression(values: Floats, method: Regression) -> tuple[Floats, bool]:
    """Return values whose gaps are filled by regressing each indicator on all others, round after round.

    Gaps begin at the mean. In a round every indicator with gaps, the one with the fewest first, is regressed on all the
    others as they are filled by then, over the cities that have a value of it, and its gaps are predicted anew. Rounds
    end when no prediction moves by 0.001 of the largest z-score or more. Chained equations: van Buuren and
    Groothuis-Oudshoorn (2011), doi:10.18637/jss.v045.i03, here without chance. The ridge: MacKay (1992),
    doi:10.1162/neco.1992.4.3.415.

    Parameters
    ----------
    values
        Values (L, n) of two indicators or more, NaN where one is missing, each with a value at least.
    method
        Estimator and rounds. Predictions are cut to the range of an indicator's values; to that of its value ± 1 where
        it is constant.

    Returns
    -------
    tuple
        Values (L, n), and whether they settled before the last round.

    Raises
    ------
    InputError
        Where scikit-learn is not installed.

    Examples
    --------
    >>> from simulator.preparation import (Regression,)
    >>> values = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, np.nan, 30.0, 40.0]])
    >>> found, settled = by_regression(values, Regression(estimator="linear"))
    >>> found.round(6).tolist(), settled
    ([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]], True)
    """
    _require_scikit_learn(method.method)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401 (lets the next line be)
    from sklearn.impute import IterativeImputer
    from sklearn.linear_model import BayesianRidge, LinearRegression

    scores, centre, spread = _z_scores(values)
    free = constant_rows(values)
    imputer = IterativeImputer(
        LinearRegression() if method.estimator == "linear" else BayesianRidge(),
        max_iter=method.rounds,
        tol=1e-3,
        imputation_order="ascending",
        skip_complete=True,
        min_value=np.fmin.reduce(scores, axis=1) - free,
        max_value=np.fmax.reduce(scores, axis=1) + free,
        random_state=0,
    )
    with warnings.catch_warnings():
        # Told by what is returned.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: Floats = imputer.fit_transform(scores.T).T
    return found * spread + centre, bool(imputer.n_iter_ < method.rounds)


def by_nearest(values: Floats, method: Nearest) -> Floats:
    """Return values whose gaps are filled with the mean of the nearest cities that have a value.

    The distance of two cities is that of their z-scores in the indicators that both have, its square scaled up by
    L / (number of these). Where fewer cities than `neighbours` have a value, all of them count; a city that has no
    indicator in common with any of them gets the mean. Troyanskaya et al. (2001), doi:10.1093/bioinformatics/17.6.520.

    Parameters
    ----------
    values
        Values (L, n), NaN where one is missing, each indicator with a value at least.
    method
        How many neighbours.

    Raises
    ------
    InputError
        Where scikit-learn is not installed.

    Examples
    --------
    >>> from simulator.preparation import (Nearest,)
    >>> values = np.array([[1.0, 2.0, 8.0, 9.0], [10.0, np.nan, 30.0, 40.0]])
    >>> by_nearest(values, Nearest(neighbours=1)).round(6).tolist()
    [[1.0, 2.0, 8.0, 9.0], [10.0, 10.0, 30.0, 40.0]]
    """
    _require_scikit_learn(method.method)
    from sklearn.impute import KNNImputer

    scores, centre, spread = _z_scores(values)
    found: Floats = KNNImputer(n_neighbors=method.neighbours).fit_transform(scores.T).T
    return found * spread + centre


def _z_scores(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return z-scores (L, n), means (L, 1) and standard deviations (L, 1), which are 1 where a row is constant."""
    present, constant = ~np.isnan(values), constant_rows(values)[:, np.newaxis]
    count = np.count_nonzero(present, axis=1, keepdims=True)
    centre = np.where(present, values, 0.0).sum(axis=1, keepdims=True) / count
    away = np.where(constant & present, 0.0, values - centre)
    # Divided by the largest distance, so that squares neither vanish nor overflow.
    farthest = np.where(constant, 1.0, np.fmax.reduce(np.abs(away), axis=1, keepdims=True))
    away = away / farthest
    spread = np.sqrt((np.where(present, away, 0.0) ** 2).sum(axis=1, keepdims=True) / count)
    spread = np.where(constant, 1.0, spread)
    return away / spread, centre, spread * farthest


def _require_scikit_learn(method: str) -> None:
    if find_spec("sklearn") is None:
        problem = f"`{method}` needs the library scikit-learn, which is not installed"
        raise InputError("imputation", [Fault("", problem, 'Install it with: pip install "citysim[impute]"')])
