import ArgumentParser
import Skiff
import SkiffBinary
import SkiffCompression

/// `skiff compress in -o out`.
struct Compress: ModelCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a model smaller by a recipe, and says what it cost.",
    discussion: """
      A recipe is a file (docs/formats/recipe.md) or one of those that are known: \
      \(Recipe.presets.joined(separator: ", ")). The ending of the output's name chooses its format. A file that is not smaller than its \
      source, or that the certificate does not hold for, stays to be looked at, and the command ends with 2.
      """)

  @Argument(help: "The model to compress.") var input: String
  @Option(name: .shortAndLong, help: "The file to write.") var output: String
  @OptionGroup var modelOptions: ModelOptions

  @Option(help: "A recipe's file, or its name.") var recipe: String
  @Option(help: "Samples (.npz by input name, or .npy) that the recipe's steps look at, batch first.")
  var calibrate: String?
  @Flag(help: "Does everything but write the file.") var dryRun = false
  @Flag(help: "Prints the recipe.") var showRecipe = false
  @Flag(help: "Stores no names of nodes and of values inside (.skiff).") var strip = false
  @Flag(inversion: .prefixedNo, help: "Reads the file back and compares it with the source.") var check = true
  @Option(help: "Samples to check with; by default those of the calibration.") var checkSamples: String?
  @OptionGroup var thresholds: ThresholdOptions
  @Flag(help: "Prints JSON.") var json = false

  var writtenFile: String? { dryRun ? nil : output }

  func run() throws {
    _ = try ModelFormat.target(for: output)
    let recipe = try chosenRecipe()
    if showRecipe, let text = Recipe.presetText(self.recipe) { print(text) }
    var model = try modelOptions.model(at: input)
    let samples = try calibrate.map { path throws(ModelError) in try Samples(contentsOf: path) }
    if recipe.needsSamples, samples == nil {
      throw ValidationError("The recipe '\(recipe.name)' looks at samples: --calibrate says which.")
    }
    let progress = ProgressLine()
    let compression = try locating(Location(file: input)) { () throws(ModelError) in
      try model.compress(recipe.compression(on: samples), progress: progress.show)
    }
    guard !dryRun else {
      progress.clear()
      Terminal.printWarnings(model.warnings)
      return print(json ? compression.json.description : compression.description)
    }
    if strip { model.stripNames() }
    try model.write(to: output)
    let certificate = check ? try certificate(of: model, samples, progress) : nil
    progress.clear()
    let report = try ConversionReport(from: input, to: output, model, compression, certificate)
    report.show(asJSON: json)
    guard report.outputBytes < report.inputBytes else {
      Terminal.printError("error: '\(output)' is not smaller than its source, so it is not called compressed")
      throw CommandExit.checkFailed
    }
    if certificate?.holds == false { throw CommandExit.checkFailed }
  }

  private func chosenRecipe() throws -> Recipe {
    if let preset = try Recipe.preset(recipe) { return preset }
    return try Recipe(contentsOf: recipe)
  }

  private func certificate(
    of model: Model, _ samples: Samples?, _ progress: ProgressLine
  ) throws(ModelError) -> Certificate {
    let own = try checkSamples.map { path throws(ModelError) in try Samples(contentsOf: path) }
    return try locating(Location(file: input)) { () throws(ModelError) in
      try Certificate(
        of: model, writtenTo: output, samples: own ?? samples, thresholds: thresholds.thresholds,
        progress: progress.show)
    }
  }
}
