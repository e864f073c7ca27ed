import ArgumentParser
import Skiff
import SkiffBinary
import SkiffCompression

/// `skiff compress in -o out`.
struct Compress: ModelCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress",
    abstract: "Makes a model smaller by a recipe, and says what it cost.",
    discussion: """
      A recipe is a file (docs/formats/recipe.md) or one of those that are known: \
      \(Recipe.presets.joined(separator: ", ")). The ending of the output's name chooses its format. A file that is not smaller than its \
      source, or that the certificate does not hold for, stays to be looked at, and the command ends with 2.

      With --max-drop, --max-error or --max-size the recipe is completed by a search, which finds what each tensor of weights \
      becomes: the smallest .skiff file that keeps the budget, or the best one of a size. Its figures are kept in a journal, so \
      that a search that was interrupted goes on where it was.
      """)

  @Argument(help: "The model to compress.") var input: String
  @Option(name: .shortAndLong, help: "The file to write.") var output: String
  @OptionGroup var modelOptions: ModelOptions

  @Option(help: "A recipe's file, or its name; a search takes 'small' unless this says another.")
  var recipe: String?
  @Option(help: "Samples (.npz by input name, or .npy) that the recipe's steps look at, batch first.")
  var calibrate: String?
  @Flag(help: "Does everything but write the file.") var dryRun = false
  @Flag(help: "Prints the recipe.") var showRecipe = false
  @Flag(help: "Stores no names of nodes and of values inside (.skiff).") var strip = false
  @Flag(inversion: .prefixedNo, help: "Reads the file back and compares it with the source.") var check = true
  @Option(help: "Samples to check with; by default those of the calibration.") var checkSamples: String?
  @OptionGroup var thresholds: ThresholdOptions
  @Option(help: "A page (.html) that says where precision is lost and what takes the bytes.") var report:
    String?
  @OptionGroup(title: "Search") var searchOptions: SearchOptions
  @Flag(help: "Prints JSON.") var json = false

  var writtenFile: String? { dryRun ? nil : output }

  func run() throws {
    let target = try ModelFormat.target(for: output)
    try modelOptions.refuse(
      writing: [dryRun ? nil : output, report] + searchOptions.writtenFiles(for: output),
      over: [input, recipe, calibrate, checkSamples, searchOptions.data])
    var (text, name) = try chosenRecipe()
    var model = try modelOptions.model(at: input)
    var samples = try calibrate.map { path throws(ModelError) in try Samples(contentsOf: path) }
    let progress = ProgressLine()
    var found: CompressionSearch.Outcome?
    if var search = try searchOptions.search(recipe: text, name: name, calibration: samples) {
      guard target == .skiff else {
        throw ValidationError("A search finds how weights are stored in .skiff files; '\(output)' is none.")
      }
      search.stripsNames = strip
      let journal = searchOptions.journal(for: output)
      let outcome = try locating(Location(file: input)) { () throws(ModelError) in
        try search.run(on: model, journal: journal, progress: progress.show)
      }
      progress.clear()
      try searchOptions.write(outcome)
      (text, name, samples, found) = (outcome.recipe, "\(name), searched", search.calibration, outcome)
    }
    let recipe = try locating(
      Location(file: found == nil && Recipe.presetText(name) == nil ? self.recipe : nil)
    ) {
      () throws(ModelError) in try Recipe(yaml: text, name: name)
    }
    if showRecipe { print(text) }
    if recipe.needsSamples, samples == nil {
      throw ValidationError("The recipe '\(recipe.name)' looks at samples: --calibrate says which.")
    }
    var steps = recipe.compression(on: samples)
    steps.scratchFolder = output.lastIndex(of: "/").map { String(output[...$0]) } ?? "."
    let compression = try locating(Location(file: input)) { () throws(ModelError) in
      try model.compress(steps, progress: progress.show)
    }
    guard !dryRun else {
      progress.clear()
      Terminal.printWarnings(model.warnings)
      return print(json ? compression.json.description : compression.description)
    }
    samples = samples.map(recipe.inputs)
    if strip { model.stripNames() }
    try model.write(to: output)
    let certificate = check ? try certificate(of: model, samples, progress, isSearched: found != nil) : nil
    progress.clear()
    if let page = report {
      try self.page(model, checkedSamples(samples), found, certificate, progress).write(to: page)
      progress.clear()
    }
    let report = try ConversionReport(from: input, to: output, model, compression, certificate)
    report.show(asJSON: json)
    if let found { Terminal.printError(found.summary) }
    guard report.outputBytes < report.inputBytes else {
      Terminal.printError("error: '\(output)' is not smaller than its source, so it is not called compressed")
      if model.graph.wideFloatCount > model.source.wideFloatCount, model.source.hasNarrowFloats {
        Terminal.printError(
          "  note: the source has weights of 16 bits, and those that a step changes have 32: "
            + "- weights: {float: float16} as the last step makes them narrow again")
      }
      throw CommandExit.checkFailed
    }
    if certificate?.holds == false { throw CommandExit.checkFailed }
  }

  func validate() throws {
    guard report == nil || !dryRun else {
      throw ValidationError("--report is about the file, which --dry-run does not write.")
    }
    guard recipe != nil || searchOptions.isGiven else {
      throw ValidationError(
        "--recipe says what is done, or --max-drop, --max-error or --max-size what must be kept.")
    }
  }

  /// The recipe's text and name.
  private func chosenRecipe() throws -> (text: String, name: String) {
    let chosen = recipe ?? "small"
    if let text = Recipe.presetText(chosen) { return (text, chosen) }
    do throws(ModelError) {
      return (try Recipe.text(contentsOf: chosen), String(chosen.split(separator: "/").last ?? ""))
    } catch {
      var error = error
      if !chosen.contains("/") && !chosen.contains(".") {
        error.notes.append("recipes that are known: \(Recipe.presets.joined(separator: ", "))")
      }
      throw error
    }
  }

  /// - Parameter isSearched: Whether the loss was measured and is as wanted; then only thresholds that are given count.
  private func certificate(
    of model: Model, _ samples: Samples?, _ progress: ProgressLine, isSearched: Bool
  ) throws(ModelError) -> Certificate {
    let samples = try checkedSamples(samples)
    return try locating(Location(file: input)) { () throws(ModelError) in
      try Certificate(
        of: model, writtenTo: output, samples: samples,
        thresholds: isSearched ? thresholds.thresholdsAsGiven : thresholds.thresholds, progress: progress.show
      )
    }
  }

  /// The samples that results are compared on.
  private func checkedSamples(_ calibration: Samples?) throws(ModelError) -> Samples? {
    try checkSamples.map { path throws(ModelError) in try Samples(contentsOf: path) } ?? calibration
  }

  /// The page about what was written.
  private func page(
    _ model: Model, _ samples: Samples?, _ found: CompressionSearch.Outcome?, _ certificate: Certificate?,
    _ progress: ProgressLine
  ) throws(ModelError) -> CompressionPage {
    let written = try Model(contentsOf: output)
    var page = CompressionPage(title: output)
    var facts = try CompressionPage.facts(source: input, output: output)
    facts.append(("recipe", model.recipe.joined(separator: "; ")))
    if let certificate {
      facts.append(("certificate", "\(certificate.holds ? "holds" : "fails") on \(certificate.inputs)"))
      facts += certificate.failures.map { ("fails", $0) }
    }
    if let found { facts.append(("search", found.summary)) }
    page.addSummary(facts)
    page.add(try model.diagnosis(of: written, samples: samples, progress: progress.show))
    if let found { page.add(ParetoFront(of: found.candidates)) }
    page.add(try ByteLedger(of: written))
    try page.addWeights(before: model.source, after: written.graph)
    return page
  }
}

extension Graph {
  /// The real numbers of 32 bits among the constants.
  fileprivate var wideFloatCount: Int {
    valueIDs.reduce(0) { sum, id in
      guard let type = self[id].constant?.type, type.dataType == .float32 else { return sum }
      return sum + (type.shape.elementCount ?? 0)
    }
  }

  /// Whether constants are real numbers of 16 bits.
  fileprivate var hasNarrowFloats: Bool {
    valueIDs.contains { id in
      guard let type = self[id].constant?.type else { return false }
      return type.dataType == .float16 || type.dataType == .bfloat16
    }
  }
}
