#!/usr/bin/env python3
"""Makes the cases `skops/more_*`: scikit-learn's models as skops saves them (see README.md).

    python3 -m venv v && v/bin/pip install scikit-learn==1.9.1 skops==0.16.0 pandas lightgbm==4.7.0 xgboost==3.2.0
    v/bin/python make_skops.py
"""
import json
import pathlib
import warnings
import zipfile

import lightgbm
import numpy as np
import pandas as pd
import skops.io
import sklearn
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.covariance import EllipticEnvelope
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier, ExtraTreesClassifier, GradientBoostingClassifier,
    GradientBoostingRegressor, HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest,
    RandomForestClassifier, RandomForestRegressor, StackingClassifier, VotingClassifier,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import (
    RFE, SelectFdr, SelectFpr, SelectFromModel, SelectFwe, SelectKBest, SelectPercentile, VarianceThreshold,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, RationalQuadratic, WhiteKernel
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    LinearRegression, LogisticRegression, MultiTaskLasso, PoissonRegressor, Ridge, RidgeClassifier, SGDClassifier,
)
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import RegressorChain
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer, FunctionTransformer, KBinsDiscretizer, MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder,
    PolynomialFeatures, PowerTransformer, QuantileTransformer, RobustScaler, SplineTransformer,
    StandardScaler, TargetEncoder,
)
from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent / "skops"
random = np.random.default_rng(3)
count = 300
numbers = random.normal(size=(count, 4))
target = numbers[:, 0] * 2 + numbers[:, 1] + random.normal(size=count) * 0.2
answer = np.array(["no", "yes"])[(target > 0).astype(int)]
classes = np.digitize(target, [-1, 1])
holes = numbers.copy()
holes[random.random(holes.shape) < 0.1] = np.nan
table = pd.DataFrame({
    "weight": holes[:, 0], "height": numbers[:, 1], "color": random.choice(["red", "green", "blue"], count),
    "size": random.choice(["s", "m", "l"], count), "code": random.integers(0, 5, count),
})
patchy = table.copy()
patchy.loc[random.random(count) < 0.1, "color"] = np.nan


def plain(value):
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value


def case(name, model, data, labels, **how):
    if labels is not ...:
        model.fit(data, labels)
    few = data[:15]
    rows = few.itertuples(index=False) if isinstance(few, pd.DataFrame) else few.reshape(len(few), -1)
    expected = {"predict": [plain(v) if np.ndim(v) == 0 else v.tolist() for v in model.predict(few)]}
    # Where the label is not the likeliest class we answer the label only.
    is_apart = "Threshold" in type(model).__name__ or getattr(model, "priors", "") == "uniform"
    if hasattr(model, "predict_proba") and not is_apart:
        expected["predict_proba"] = model.predict_proba(few).tolist()
    folder = HERE / f"more_{name}"
    folder.mkdir(exist_ok=True)
    record = {
        "case": folder.name, "library": "scikit-learn", "version": sklearn.__version__,
        "input": {"rows": [[plain(v) for v in row] for row in rows]}, "expected": expected,
    }
    (folder / "case.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    skops.io.dump(model, folder / "model.skops", compression=zipfile.ZIP_DEFLATED, **how)


def columns():
    return ColumnTransformer([
        ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["weight", "height"]),
        ("c", OneHotEncoder(handle_unknown="ignore"), ["color", "size"]),
    ])


case("logistic", make_pipeline(StandardScaler(), LogisticRegression()), numbers, answer)
case("softmax", make_pipeline(MinMaxScaler(), LogisticRegression()), numbers, classes)
case("two_targets", make_pipeline(RobustScaler(), LinearRegression()), numbers, np.c_[target, numbers[:, 2]])
case("poisson", PoissonRegressor(), numbers, abs(target))
case("ridge_classifier", RidgeClassifier(), numbers, classes)
case("tree", DecisionTreeClassifier(max_depth=4, random_state=0), holes, answer)
case("extra_trees", ExtraTreesClassifier(n_estimators=5, max_depth=4, random_state=0), numbers, classes)
case("boosting", GradientBoostingClassifier(n_estimators=6, random_state=0), numbers, answer)
case("boosting_classes", GradientBoostingClassifier(n_estimators=4, random_state=0), numbers, classes)
case("boosting_regressor", GradientBoostingRegressor(n_estimators=6, random_state=0), numbers, target)
case("histograms", HistGradientBoostingClassifier(max_iter=5, random_state=0), holes, classes)
case("histograms_codes", HistGradientBoostingRegressor(max_iter=6, categorical_features=[4], random_state=0),
     np.c_[holes, random.integers(0, 9, count) * 10], target + random.integers(0, 2, count))
case("network", make_pipeline(StandardScaler(), MLPClassifier((6,), max_iter=40, random_state=0)), numbers, classes)
case("columns", Pipeline([("c", columns()), ("m", LogisticRegression())]), table, answer)
case("columns_forest", Pipeline([
    ("c", columns()), ("m", RandomForestRegressor(n_estimators=4, max_depth=4, random_state=0))]), table, target)
case("filled", Pipeline([("c", ColumnTransformer([
    ("t", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(drop="first")), ["color", "size"]),
    ("n", SimpleImputer(strategy="median"), ["weight"]),
], remainder="passthrough")), ("m", Ridge())]), patchy, target)
case("codes", Pipeline([("c", ColumnTransformer([
    ("o", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["color", "size"]),
    ("h", OneHotEncoder(), ["code"]), ("k", "passthrough", ["height"]), ("d", "drop", ["weight"]),
])), ("m", GradientBoostingRegressor(n_estimators=4, random_state=0))]), table, target)

# What is computed step by step.
kinds = np.array(["low", "mid", "top"])[classes]
patchy["code"] = patchy["code"].astype(float)
patchy.loc[random.random(count) < 0.1, "code"] = np.nan


def forest(kind=RandomForestClassifier):
    return kind(n_estimators=3, max_depth=3, random_state=0)


def three():
    return [("a", make_pipeline(StandardScaler(), LogisticRegression())), ("b", forest()), ("c", GaussianNB())]


case("quantile", make_pipeline(QuantileTransformer(n_quantiles=20), Ridge()), numbers.round(1), target)
case("log1p", make_pipeline(FunctionTransformer(np.log1p), Ridge()), abs(numbers), target)
case("target_log", TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1), numbers, abs(target))
case("multinomial_nb", MultinomialNB(), abs(numbers), answer)
case("bernoulli_nb", BernoulliNB(), numbers, kinds)
case("normalizer", make_pipeline(Normalizer(), LogisticRegression()), numbers, answer)
case("binarizer", make_pipeline(Binarizer(threshold=0.2), LogisticRegression()), numbers, answer)
case("svd", make_pipeline(TruncatedSVD(2), Ridge()), numbers, target)
case("interactions", make_pipeline(PolynomialFeatures((2, 3), interaction_only=True, include_bias=False),
     LogisticRegression()), numbers, answer)
case("gaussian_nb", GaussianNB(), numbers, kinds)
case("variance", make_pipeline(VarianceThreshold(1.0), LogisticRegression()), numbers, answer)
case("complement_nb", ComplementNB(), abs(numbers), kinds)
case("sgd_log", SGDClassifier(loss="log_loss", random_state=0), numbers, kinds)
case("kmeans", make_pipeline(StandardScaler(), KMeans(4, random_state=0)), numbers, None)
case("minmax_clip", make_pipeline(MinMaxScaler(clip=True), Ridge()), numbers, target)
case("kbest", make_pipeline(SelectKBest(k=2), LogisticRegression()), numbers, answer)
case("boxcox", make_pipeline(PowerTransformer("box-cox"), Ridge()), np.exp(numbers), target)
case("missing_indicator", make_pipeline(FeatureUnion([("i", SimpleImputer()), ("m", MissingIndicator())]),
     Ridge()), holes, target)
case("power", make_pipeline(PowerTransformer(), Ridge()), numbers, target)
case("lda", LinearDiscriminantAnalysis(), numbers, kinds)
case("ovr_svc", OneVsRestClassifier(LinearSVC()), numbers, kinds)
case("polynomial", make_pipeline(PolynomialFeatures(3), StandardScaler(), Ridge()), numbers, target)
case("indicator", make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression()), holes, answer)
case("qda", QuadraticDiscriminantAnalysis(), numbers, kinds)
case("rfe", make_pipeline(RFE(LogisticRegression(), n_features_to_select=2), LogisticRegression()), numbers, answer)
case("calibrated", CalibratedClassifierCV(LinearSVC(), cv=2), numbers, answer)
case("pca", make_pipeline(StandardScaler(), PCA(3, whiten=True), LogisticRegression()), numbers, kinds)
case("target_encoder", Pipeline([("c", ColumnTransformer([("t", TargetEncoder(random_state=0),
     ["color", "size"]), ("n", SimpleImputer(), ["weight", "height"])])), ("m", Ridge())]), table, target)
case("bagging_votes", BaggingClassifier(RidgeClassifier(), n_estimators=3, random_state=0), numbers, kinds)
case("union", make_pipeline(FeatureUnion([("p", PCA(2)), ("s", StandardScaler()), ("n", "passthrough")]),
     LogisticRegression()), numbers, answer)
case("one_class", OneClassSVM(nu=0.3), numbers, None)
case("onehot_missing", Pipeline([("c", ColumnTransformer([("o", OneHotEncoder(handle_unknown="ignore"),
     ["color", "size", "code"]), ("n", SimpleImputer(), ["weight"])])), ("m", LogisticRegression())]), patchy, answer)
case("bins", make_pipeline(KBinsDiscretizer(4), LogisticRegression()), numbers, answer)
case("adaboost_regressor", AdaBoostRegressor(DecisionTreeRegressor(max_depth=2), n_estimators=5, random_state=0),
     numbers, target)
case("target_scaled", TransformedTargetRegressor(forest(RandomForestRegressor), transformer=StandardScaler()),
     numbers, target)
case("svc", make_pipeline(StandardScaler(), SVC()), numbers, answer)
case("adaboost", AdaBoostClassifier(n_estimators=4, random_state=0), numbers, answer)
case("svc_classes", SVC(kernel="poly", coef0=0.5), numbers, kinds)
case("columns_polynomial", Pipeline([("c", ColumnTransformer([
    ("n", make_pipeline(SimpleImputer(), StandardScaler(), PolynomialFeatures(2)), ["weight", "height"]),
    ("c", OneHotEncoder(handle_unknown="ignore"), ["color", "size"]),
])), ("m", LogisticRegression())]), table, answer)
case("search", GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [1,
     2]}), numbers, answer)
case("bagging", BaggingClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=3, max_features=0.5,
     random_state=0), numbers, kinds)
case("adaboost_classes", AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=4, random_state=0),
     numbers, kinds)
case("bins_ordinal", make_pipeline(KBinsDiscretizer(4, encode="ordinal", strategy="uniform"), forest()),
     numbers, answer)
case("calibrated_isotonic", CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2), numbers, kinds)
case("knn_weighted", KNeighborsClassifier(3, weights="distance", p=1), numbers, answer)
case("kernel_ridge", KernelRidge(kernel="rbf", gamma=0.3), numbers, target)
case("dummy", DummyClassifier(), numbers, kinds)
case("multitask", MultiTaskLasso(0.01), numbers, np.c_[target, numbers[:, 2]])
case("voting_soft", VotingClassifier(three(), voting="soft", weights=[2, 1, 1]), numbers, kinds)
case("stacking_classes", StackingClassifier(three(), LogisticRegression(), passthrough=True), numbers, kinds)
case("isolation", IsolationForest(n_estimators=5, max_features=0.8, random_state=0, contamination=0.2), numbers, None)
case("svr", make_pipeline(StandardScaler(), SVR(C=10)), numbers, target)
case("pls", PLSRegression(2), numbers, target)

# Texts, which scikit-learn takes as a list, or as a column of a table.
words = ["red", "green", "Blue", "foo-bar", "x1", "\u00e9", "it's", "the", "cat", "Stra\u00dfe", "\u65e5\u672c", "a_b"]
texts = np.array([" ".join(random.choice(words, random.integers(0, 8))) for _ in range(count)])
case("text", make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=3), LogisticRegression()),
     texts, kinds)
case("text_counts", make_pipeline(CountVectorizer(stop_words=["the"]), TfidfTransformer(sublinear_tf=True, norm="l1"),
     ComplementNB()), texts, kinds)
case("text_hashes", make_pipeline(HashingVectorizer(n_features=32), Ridge()), texts, target)
both = table[["weight", "size", "height"]].assign(
    note=texts, other=[" ".join(random.choice(["up", "down"], 3)) for _ in range(count)])
case("text_columns", Pipeline([("c", ColumnTransformer([
    ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["weight", "height"]), ("t", TfidfVectorizer(), "note"),
    ("s", OneHotEncoder(), ["size"]),
    ("u", make_pipeline(CountVectorizer(ngram_range=(2, 2)), TruncatedSVD(2, random_state=0)), "other"),
], sparse_threshold=0)), ("m", LogisticRegression())]), both, answer)
case("percentile", make_pipeline(SelectPercentile(percentile=50), Ridge()), numbers, classes)
case("significant", make_pipeline(SelectFpr(alpha=0.3), LogisticRegression()), numbers, answer)
case("discoveries", make_pipeline(SelectFdr(alpha=0.3), LogisticRegression()), numbers, answer)
case("familywise", make_pipeline(SelectFwe(alpha=0.3), LogisticRegression()), numbers, answer)
case("from_model", make_pipeline(SelectFromModel(LogisticRegression(), threshold="1.1*median"), SVR()), numbers,
     classes)
case("from_forest", make_pipeline(SelectFromModel(forest()), LogisticRegression()), numbers, answer)
case("from_boosting", make_pipeline(SelectFromModel(GradientBoostingRegressor(n_estimators=4, random_state=0),
     threshold="median"), Ridge()), numbers, target)
case("nearest_filled", make_pipeline(KNNImputer(n_neighbors=3), Ridge()), holes[:60], target[:60])
case("nearest_weighted", make_pipeline(KNNImputer(n_neighbors=4, weights="distance"), LogisticRegression()),
     holes[:60], answer[:60])
case("text_binary", make_pipeline(CountVectorizer(binary=True), LogisticRegression()), texts, kinds)

# LightGBM's, one of which stops early.
case("lightgbm", lightgbm.LGBMClassifier(n_estimators=4, num_leaves=7, verbose=-1), numbers, kinds)
early = lightgbm.LGBMClassifier(n_estimators=60, num_leaves=7, learning_rate=0.5, early_stopping_round=3, verbose=-1)
early.fit(numbers[:200], answer[:200], eval_set=[(numbers[200:], answer[200:])])
case("lightgbm_early", early, numbers, ...)

# Later ones; what comes before keeps its random numbers.
few, part = numbers[:24], target[:24]
case("splines", make_pipeline(SplineTransformer(4), Ridge()), numbers, target)
case("splines_linear", make_pipeline(SplineTransformer(5, degree=2, knots="quantile", extrapolation="linear",
     include_bias=False), LogisticRegression()), numbers, answer)
case("splines_periodic", make_pipeline(SplineTransformer(5, extrapolation="periodic"), Ridge()), numbers * 2, target)
case("rounds", make_pipeline(IterativeImputer(max_iter=2, random_state=0), Ridge()), holes, target)
case("rounds_marked", make_pipeline(IterativeImputer(DecisionTreeRegressor(max_depth=2, random_state=0), max_iter=2,
     min_value=-1, add_indicator=True, random_state=0), LogisticRegression()), holes, answer)
case("nearest_marked", make_pipeline(KNNImputer(n_neighbors=3, add_indicator=True), Ridge()), holes[:24], part)
case("quantile_normal", make_pipeline(QuantileTransformer(n_quantiles=20, output_distribution="normal"), Ridge()),
     numbers.round(1), target)
case("target_power", TransformedTargetRegressor(Ridge(), transformer=PowerTransformer()), numbers, target)
case("target_boxcox", TransformedTargetRegressor(Ridge(), transformer=PowerTransformer("box-cox", standardize=False)),
     numbers, np.exp(target / 3))
case("target_quantile", TransformedTargetRegressor(Ridge(), transformer=QuantileTransformer(n_quantiles=20,
     output_distribution="normal")), numbers, target)
rare = table[["color", "size", "code"]].copy()
rare["color"] = random.choice(["red", "green", "blue", "grey", "pink"], count, p=[0.4, 0.4, 0.1, 0.06, 0.04])
rare.loc[[2, 5], "color"] = ["grey", "pink"]
for name, how in [("unseen", {"handle_unknown": "infrequent_if_exist", "min_frequency": 40}),
                  ("dropped", {"drop": "first", "max_categories": 3})]:
    case(f"infrequent_{name}", make_pipeline(OneHotEncoder(**how), LogisticRegression()), rare, answer)
case("infrequent_codes", make_pipeline(OrdinalEncoder(min_frequency=40), Ridge()), rare, target)
case("tuned", TunedThresholdClassifierCV(make_pipeline(StandardScaler(), forest()), cv=2, random_state=0), numbers,
     answer)
case("fixed", FixedThresholdClassifier(LinearSVC(random_state=0), threshold=-0.3, pos_label="no"), numbers, answer)
kernel = ConstantKernel(2) * RBF([1, 2, 1, 3]) + Matern(2, nu=2.5) * DotProduct(0.5) + WhiteKernel(0.1)
case("process", GaussianProcessRegressor(kernel, alpha=0.1, optimizer=None, normalize_y=True), few, part)
case("process_targets", GaussianProcessRegressor(RationalQuadratic(1.5, 0.5) + Matern(1, nu=0.5) * Matern(3, nu=1.5),
     alpha=0.1, optimizer=None), few, np.c_[part, few[:, 2]])
case("mixture", GaussianMixture(3, random_state=0), numbers, None)
case("mixture_tied", make_pipeline(StandardScaler(), GaussianMixture(2, covariance_type="tied", random_state=0)),
     numbers, None)
case("mixture_diagonal", GaussianMixture(2, covariance_type="diag", random_state=0), numbers, None)
case("centroids", NearestCentroid(shrink_threshold=0.1), numbers, kinds)
case("centroids_shares", NearestCentroid(priors="empirical"), numbers, kinds)
case("categorical_nb", CategoricalNB(), abs(numbers * 2).astype(int), kinds)
case("envelope", EllipticEnvelope(contamination=0.2, random_state=0), numbers, None)
case("pairs", OneVsOneClassifier(LogisticRegression()), numbers, kinds)
case("chain", RegressorChain(Ridge(), order=[1, 0]), numbers, np.c_[target, numbers[:, 2]])
case("kernel_pca", make_pipeline(KernelPCA(2, kernel="rbf", gamma=0.2), Ridge()), few, part)
case("nystroem", make_pipeline(Nystroem(n_components=5, random_state=0), Ridge()), numbers, target)
case("kernel_samples", make_pipeline(RBFSampler(n_components=6, random_state=0), Ridge()), numbers, target)
case("directions", make_pipeline(LinearDiscriminantAnalysis(n_components=1), LogisticRegression()), numbers, kinds)
case("distances", make_pipeline(KMeans(3, random_state=0), LogisticRegression()), numbers, kinds)
case("boosting_from", GradientBoostingClassifier(n_estimators=3, max_depth=2, init=LogisticRegression(),
     random_state=0), numbers, kinds)
case("boosting_from_ridge", GradientBoostingRegressor(n_estimators=3, max_depth=2, init=Ridge(), random_state=0),
     numbers, target)
case("lightgbm_columns", Pipeline([("c", columns()), ("m", lightgbm.LGBMClassifier(n_estimators=4, num_leaves=7,
     verbose=-1))]), table, kinds)
case("xgboost", xgboost.XGBClassifier(n_estimators=4, max_depth=3), numbers, classes)
case("xgboost_scaled", make_pipeline(StandardScaler(), xgboost.XGBRegressor(n_estimators=4, max_depth=3)), numbers,
     target)
case("xgboost_voting", VotingClassifier([("x", xgboost.XGBClassifier(n_estimators=3, max_depth=2)),
     ("l", LogisticRegression())], voting="soft"), numbers, classes)
