// SPDX-License-Identifier: Apache-2.0

/// Metrics in the words of people who do not know their short names.
enum MetricWords {
    static func name(_ metric: String) -> String {
        names[metric] ?? metric.replacing("_", with: " ")
    }

    private static let names = [
        "accuracy": "Accuracy", "log_loss": "Log loss", "roc_auc": "Area under ROC",
        "average_precision": "Average precision", "brier": "Brier score",
        "calibration_error": "Calibration error", "precision": "Precision", "recall": "Recall", "f1": "F1",
        "balanced_accuracy": "Balanced accuracy", "mcc": "Matthews correlation", "kappa": "Cohen’s kappa",
        "precision_macro": "Precision, mean of classes", "recall_macro": "Recall, mean of classes",
        "f1_macro": "F1, mean of classes", "f1_weighted": "F1, weighted by classes",
        "rmse": "Root mean squared error", "mae": "Mean absolute error", "r2": "R²",
        "median_ae": "Median absolute error", "max_error": "Largest error",
        "explained_variance": "Explained variance", "mape": "Mean relative error",
        "msle": "Mean squared log error", "poisson_deviance": "Poisson deviance",
        "gamma_deviance": "Gamma deviance",
    ]
}
