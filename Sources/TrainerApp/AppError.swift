// SPDX-License-Identifier: Apache-2.0
import Base
import Ingest
import Training

/// What ends the program: one line for people, and the exit status for scripts.
struct AppError: Error, Equatable {
    var status: Status
    var message: String

    enum Status {
        /// Everything was done, and the model is not good enough to be published.
        case refused
        case usage, data, noInput, software, cannotCreate
        /// Somebody asked it to stop; it may go on later.
        case interrupted

        /// 2: it has to be called differently. 75: run it again. 1: whatever else did not work.
        var exitCode: Int32 {
            switch self {
            case .usage: 2
            case .interrupted: Interruption.status
            case .refused, .data, .noInput, .software, .cannotCreate: 1
            }
        }
    }

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ error: IngestError) {
        switch error {
        case .system, .notAFile, .pipeTooLong, .noFiles, .query: self.init(.noInput, error.description)
        case .unknownColumn, .schema: self.init(.usage, error.description)
        case .csv, .noRows, .tooManyCategories, .changedWhileReading, .cell, .otherColumns, .compressed,
            .anomalies, .tooManyBadRows:
            self.init(.data, error.description)
        }
    }

    init(_ error: TrainingError) {
        switch error {
        case .unknownColumn, .setting, .algorithmForTask, .cannotContinue, .checkpoint:
            self.init(.usage, error.description)
        case .noFeatures, .emptyFeature, .infiniteFeature, .missingTarget, .textTarget, .targetBeyondFloat,
            .oneClass, .targetRange, .diverged, .tooManyClasses, .weight, .noTrial, .splitValue, .emptyPart,
            .singular, .preprocessing, .cannotCompress:
            self.init(.data, error.description)
        case .compressionLoss: self.init(.refused, error.description)
        case .interrupted: self.init(.interrupted, error.description)
        case .notReproduced: self.init(.software, error.description)
        }
    }

    init(writing error: SystemError) { self.init(.cannotCreate, error.description) }
}
