# SPDX-License-Identifier: Apache-2.0
"""Records what scikit-learn and pandas make of small random tables: cases.json (see README.md)."""
import json
import pathlib

import numpy as np
import pandas as pd
import sklearn
from sklearn.decomposition import PCA
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    KBinsDiscretizer, MaxAbsScaler, MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder,
    PolynomialFeatures, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler, TargetEncoder)

random = np.random.default_rng(8)
TRAIN, TEST = 90, 14


def numbers(rows):
    return np.column_stack([
        random.normal(50, 12, rows).round(2), random.lognormal(1, 0.8, rows).round(3),
        random.integers(1, 9, rows).astype(float), (random.random(rows) * 1e-3 + 7).round(7)])


train, test = numbers(TRAIN), numbers(TEST)
test[0] = [-5, 0.001, 1, 6.5]
test[1] = [400, 900.5, 8, 9.25]
signed, signed_test = train - train.mean(axis=0), test - train.mean(axis=0)


def holes(table):
    table = table.copy()
    table[random.random(table.shape) < 0.12] = np.nan
    return table


train_nan, test_nan = holes(train), holes(test)
words = ["", "a", "b", "Grün", "日本", "zz", "p 1", "p2"]
weights = np.array([2, 20, 15, 9, 5, 2, 1, 1]) / 55
cat_train = random.choice(words, size=(TRAIN, 2), p=weights)
cat_test = random.choice(words + ["new"], size=(TEST, 2))
y = (random.normal(size=TRAIN) + (cat_train[:, 0] == "a") * 2).round(3)
classes = random.integers(0, 3, TRAIN)
phrases = ["The quick brown fox", "jumps over the lazy dog", "Straße und Öl, ÖL!", "a_b c-d e2e 42", "日本 語 カタカナ",
           "it's 3.14 or x", "", "naïve café CAFÉ", "no no no"]
text_train = [" ".join(random.choice(phrases, random.integers(1, 4))) for _ in range(TRAIN)]
text_test = [" ".join(random.choice(phrases, 2)) for _ in range(TEST)] + ["unknown terms only", "x"]
dates = ["1970-01-01", "2024-02-29T23:59:59.5", "1969-12-31T12:00:00", "2000-12-31", "2021-01-03T06:07:08",
         "1680-03-01", "2020-12-28", "2099-07-04T17:45:00"]
cases = {}


def case(name, transformer, fit, apply, target=None):
    transformer.fit(fit, target) if target is not None else transformer.fit(fit)
    result = transformer.transform(apply)
    result = result.toarray() if hasattr(result, "toarray") else np.asarray(result)
    cases[name] = plain(result)
    return transformer


def plain(table):
    return [[None if isinstance(v, float) and np.isnan(v) else v for v in row] for row in np.asarray(table).tolist()]


case("standard", StandardScaler(), train_nan, test_nan)
case("robust", RobustScaler(), train_nan, test_nan)
case("max_abs", MaxAbsScaler(), train, test)
case("min_max", MinMaxScaler(), train, test)
case("min_max_clip", MinMaxScaler(feature_range=(-1, 2), clip=True), train, test)
for norm in ["l1", "l2", "max"]:
    case("normalize_" + norm, Normalizer(norm=norm), signed, signed_test)
for kind in ["uniform", "normal"]:
    case("quantile_" + kind, QuantileTransformer(n_quantiles=25, output_distribution=kind), train, test)
lambdas = {}
for name, method, fit, apply, standardize in [
        ("yeo_johnson", "yeo-johnson", signed[:, :3], signed_test[:, :3], False),
        ("box_cox", "box-cox", train[:, :3], np.abs(test[:, :3]), False),
        ("yeo_johnson_standard", "yeo-johnson", train[:, :3], test[:, :3], True)]:
    lambdas[name] = case(name, PowerTransformer(method=method, standardize=standardize), fit, apply).lambdas_.tolist()
case("bin_quantile", KBinsDiscretizer(5, encode="ordinal", quantile_method="averaged_inverted_cdf"), train, test)
case("bin_uniform", KBinsDiscretizer(4, encode="ordinal", strategy="uniform"), train, test)
case("bin_one_hot", KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"), train, test)
case("polynomial", PolynomialFeatures(3, include_bias=False), train, test)
case("interactions", PolynomialFeatures(2, include_bias=False, interaction_only=True), train, test)
for strategy in ["mean", "median", "most_frequent"]:
    case("impute_" + strategy, SimpleImputer(strategy=strategy), train_nan, test_nan)
case("impute_constant", SimpleImputer(strategy="constant", fill_value=-7.5), train_nan, test_nan)
case("impute_indicator", SimpleImputer(add_indicator=True), train_nan, test_nan)
case("pca", PCA(3, svd_solver="full"), train, test)
case("pca_whiten", PCA(2, svd_solver="full", whiten=True), train, test)
case("one_hot", OneHotEncoder(handle_unknown="ignore"), cat_train, cat_test)
case("one_hot_drop", OneHotEncoder(handle_unknown="ignore", drop="first"), cat_train, cat_test)
case("one_hot_min_count", OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5), cat_train, cat_test)
case("one_hot_max", OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=4), cat_train, cat_test)
case("ordinal", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), cat_train, cat_test)
case("target_smooth", TargetEncoder(smooth=10.0, target_type="continuous"), cat_train, cat_test, y)
case("target_auto", TargetEncoder(target_type="continuous"), cat_train, cat_test, y)
case("target_classes", TargetEncoder(target_type="multiclass"), cat_train, cat_test, classes)
case("tf_idf", TfidfVectorizer(), text_train, text_test)
case("tf_idf_pairs", TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, norm="l1"), text_train, text_test)
case("counts", CountVectorizer(lowercase=False), text_train, text_test)
case("text_hash", HashingVectorizer(n_features=16), text_train, text_test)
case("text_hash_pairs", HashingVectorizer(n_features=7, ngram_range=(2, 3), norm=None, alternate_sign=False), text_train, text_test)
case("hash", FeatureHasher(8, input_type="string"), [[t] for t in text_train], [[t] for t in text_test])
moments = pd.to_datetime(pd.Series(dates), format="ISO8601")
cases["date"] = np.column_stack([
    moments.dt.year, moments.dt.quarter, moments.dt.month, moments.dt.isocalendar().week, moments.dt.day,
    moments.dt.day_of_year, moments.dt.day_of_week, moments.dt.day_of_week >= 5, moments.dt.hour, moments.dt.minute,
    moments.dt.second + moments.dt.microsecond / 1e6, (moments - pd.Timestamp(0)) // pd.Timedelta(days=1),
    (moments - pd.Timestamp(0)) / pd.Timedelta(seconds=1)]).astype(float).tolist()

document = {
    "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "pandas": pd.__version__},
    "train": plain(train), "test": plain(test), "train_nan": plain(train_nan), "test_nan": plain(test_nan),
    "signed_train": plain(signed), "signed_test": plain(signed_test),
    "cat_train": cat_train.tolist(), "cat_test": cat_test.tolist(), "y": y.tolist(), "classes": classes.tolist(),
    "text_train": text_train, "text_test": text_test, "dates": dates, "lambdas": lambdas, "cases": cases}
text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace(".0,", ",").replace(".0]", "]")
(pathlib.Path(__file__).parent / "cases.json").write_text(text + "\n")
