import SkiffBinary
import SkiffCompression
import SkiffEdge
import SkiffIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One search on its way: it measures, or takes what the journal knows.
final class SearchTrial {
  private let search: CompressionSearch
  private let template: RecipeTemplate
  private let model: Model
  private let journal: SearchJournal
  let evaluation: Evaluation
  private let progress: WorkProgress.Observer?
  private let deadline: ContinuousClock.Instant?
  private let techniques: [String]
  /// The tensors, by the names that a recipe can call them.
  private var units: [String] = []
  private(set) var candidates: [CompressionSearch.Candidate] = []
  private(set) var isCutShort = false

  init(
    search: CompressionSearch, template: RecipeTemplate, model: Model, journal: SearchJournal,
    progress: WorkProgress.Observer?
  ) throws(ModelError) {
    (self.search, self.template, self.model) = (search, template, model)
    (self.journal, self.progress) = (journal, progress)
    deadline = search.timeLimit.map { ContinuousClock.now + $0 }
    techniques = Technique.all(for: template.weights.settings ?? WeightCompression.Settings())
    let file = journal.path + ".skiff"
    defer { unlink(file) }
    if case .command = search.measure {
      var copy = model
      try copy.write(to: file)
    }
    evaluation = try Evaluation(
      search.measure, runs: model.separateRuns(of: search.samples), source: model.source, path: file)
  }

  /// Whether there is time for another measurement.
  var hasTime: Bool {
    guard let deadline, ContinuousClock.now >= deadline else { return true }
    isCutShort = true
    return false
  }

  /// Plans by what each technique takes and costs by itself.
  func path() throws(ModelError) -> PlanPath {
    var base = model
    try base.compress(
      Compression(
        Array(template.recipe.steps.prefix(template.step)),
        samples: template.recipe.samples(search.calibration, forStepsBefore: template.step),
        description: ""))
    units = template.weights.freeNames(in: base.graph)
    guard !units.isEmpty else { throw ModelError(.invalidArgument, "there are no weights to search for") }
    let runs = Array(try base.reordered(evaluation.runs).prefix(search.sensitivitySamples))
    let expected = try base.graph.outputs(of: runs)
    var choices: [[PlanPath.Choice]] = []
    for (unit, name) in units.enumerated() {
      choices.append([])
      for (technique, text) in techniques.enumerated() {
        // What there is no time to measure stays most careful.
        guard hasTime else {
          if technique == 0 { choices[unit].append(PlanPath.Choice(technique: 0, bytes: 0, damage: 0)) }
          break
        }
        let figures = try journal.figures(of: "\(unit) \(technique)") { () throws(ModelError) in
          try alone(name, text, in: base.graph, runs, expected)
        }
        choices[unit].append(
          PlanPath.Choice(technique: technique, bytes: figures.bytes, damage: figures.loss))
        progress?(
          WorkProgress(
            step: "measuring", completed: unit * techniques.count + technique + 1,
            total: units.count * techniques.count))
      }
    }
    return PlanPath(choices)
  }

  /// What a technique makes of one tensor, to nearest, and what that does to the outputs: its bytes and the squared error.
  private func alone(
    _ name: String, _ technique: String, in graph: Graph, _ runs: [[String: Tensor]], _ expected: [[Tensor]]
  ) throws(ModelError) -> SearchJournal.Figures {
    let recipe = try template.recipe(with: [(name, technique)])
    guard case .weights(let step) = recipe.steps[template.step],
      var settings = step.exceptions[.names(name)].flatMap(\.self)
    else { throw ModelError(.invalidArgument, "'\(name)' has no settings in '\(technique)'") }
    (settings.usesFeedback, settings.importance, settings.biasCorrection) = (false, nil, nil)
    settings.roundsAdaptively = false
    var weights = WeightCompression(nil, exceptions: [.names(name): settings])
    weights.leastCount = step.leastCount
    let changed = try weights.apply(to: graph).graph
    let error = try Energies(expected, changed.outputs(of: runs)).relativeError
    var bytes = 0
    for value in template.weights.values(named: name, in: graph) {
      bytes += try changed[value].constant?.storedByteCount() ?? 0
    }
    return SearchJournal.Figures(bytes: bytes, loss: error * error)
  }

  /// Makes and measures the file of a plan.
  ///
  /// - Parameter corners: By unit, how far it went on the path.
  func candidate(_ corners: [Int], of path: PlanPath) throws(ModelError) -> CompressionSearch.Candidate {
    let plan = corners.indices.map { path.hulls[$0][corners[$0]].technique }
    let settings = plan.indices.map { (name: units[$0], settings: techniques[plan[$0]]) }
    let question = "plan " + plan.map(String.init).joined(separator: " ")
    let figures = try journal.figures(of: question) { () throws(ModelError) in try whole(settings) }
    let candidate = CompressionSearch.Candidate(
      bytes: figures.bytes, loss: figures.loss,
      settings: settings.map { CompressionSearch.Candidate.Setting(name: $0.name, text: $0.settings) })
    if !candidates.contains(candidate) { candidates.append(candidate) }
    progress?(WorkProgress(step: "trying", completed: candidates.count, total: candidates.count))
    return candidate
  }

  private func whole(
    _ settings: [(name: String, settings: String)]
  ) throws(ModelError) -> SearchJournal.Figures {
    var copy = model
    try copy.compress(template.recipe(with: settings).compression(on: search.calibration))
    if search.stripsNames { copy.stripNames() }
    let file = journal.path + ".skiff"
    defer { unlink(file) }
    try copy.write(to: file)
    let made = copy
    let loss = try evaluation.loss(
      of: { () throws(ModelError) in try made.graph.outputs(of: made.reordered(evaluation.runs)) }, path: file
    )
    return try SearchJournal.Figures(bytes: ByteRegion(mapping: file).count, loss: loss)
  }

  /// The recipe that makes a candidate.
  func recipe(of candidate: CompressionSearch.Candidate) throws(ModelError) -> String {
    try template.text(with: candidate.settings.map { ($0.name, $0.text) })
  }
}

extension Constant {
  /// The bytes that it takes in a `.skiff` file in the best form, with 4 bytes for each scale.
  fileprivate func storedByteCount() throws(ModelError) -> Int {
    let stored = widened?.narrow ?? self
    return try StorageChoice.smallest(of: stored).edgeByteCount
      + 4 * (stored.type.quantization?.scales.count ?? 0)
  }
}
