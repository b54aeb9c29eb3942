// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// `modeltrain prepare`: the options, nothing else; `PreparationRun` does the work.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Write the preprocessed table itself.",
        discussion: """
            Reads, checks, divides and preprocesses a table as train does, and writes what an algorithm \
            would learn from: a folder for each part of the rows, files of CSV in it, and a manifest with the \
            columns, the steps, and the digests of what was read and written. The same data, options and \
            seed give the same bytes.

            Example:
              modeltrain prepare 'sales/*.csv.gz' --target sold --preprocess steps.yaml --output prepared
            """)

    @Argument(
        help: ArgumentHelp(
            "Files of CSV (the first line naming the columns), JSON Lines, either compressed by gzip, or Parquet; "
                + "patterns such as 'data/*.csv'; - reads standard input."))
    var data: [String] = []

    @Option(
        help: ArgumentHelp(
            "The column to predict; it is the last one of what is written.", valueName: "column"))
    var target: String

    @Option(help: "What is learned, when the data does not make it clear.")
    var task: Task?

    @OptionGroup(title: "Data") var table: TableOptions
    @OptionGroup(title: "Parts of the rows") var split: SplitOptions

    @Option(help: ArgumentHelp("The directory to write; it must not be there yet.", valueName: "dir"))
    var output: String

    @Option(help: ArgumentHelp("Rows a file at most.", valueName: "count"))
    var partitionRows = 100_000

    @Option(
        help: ArgumentHelp(
            "bar draws on the terminal, json prints an object a line; auto chooses by where the output goes.",
            valueName: "auto|bar|json|none"))
    var progress = ProgressStyle.auto

    @Flag(help: "End the output with a summary, one JSON object on the last line.")
    var json = false

    mutating func validate() throws {
        try table.validate(data)
        try split.validate()
        guard partitionRows >= 1 else { throw ValidationError("--partition-rows must be 1 or more.") }
    }

    func run() throws {
        try PreparationRun(self).run()
    }
}
