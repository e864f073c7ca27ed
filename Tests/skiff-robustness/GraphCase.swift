import Foundation
import Skiff
import SkiffCompression
import SkiffInterpreter
import SkiffNumPy
import SkiffPasses
import SkiffTestSupport

/// A random model with inputs and the outputs that its runtime gives, through every stage of Skiff: it must compute the same after
/// each.
struct GraphCase {
  private let number: Int
  private let base: String
  private let source: String
  private var lines: [String] = []

  static func exists(_ number: Int, in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(number).npz")
  }

  init(_ number: Int, in folder: String) {
    self.number = number
    base = "\(folder)/\(number)"
    let onnx = base + ".onnx"
    source = FileManager.default.fileExists(atPath: onnx) ? onnx : base + ".source.tflite"
  }

  /// Runs all stages; what is found is a line `wrong NUMBER STAGE: REASON` or `refused NUMBER STAGE: REASON`.
  mutating func run() -> [String] {
    do {
      let samples = try ExpectedSample.all(of: base + ".npz")
      // What cannot be read or run at all, or not written in other formats, may be refused; nothing else.
      let source = source
      guard var model = stage("import", mayRefuse: true, { try Model(contentsOf: source) }) else {
        return lines
      }
      if let kept = model.warnings.first(where: { $0.message.contains("it is kept") }) {
        lines.append("refused \(number) import: \(kept.location.description): \(kept.message)")
        return lines
      }
      guard check(model.graph, samples, "plain", plainly: true, mayRefuse: true),
        check(model.graph, samples, "run")
      else { return lines }
      let simplified = stage("simplify") {
        var (graph, report) = (model.graph, PassReport())
        try Pipeline.canonical.run(on: &graph, report: &report)
        return graph
      }
      if let simplified { check(simplified, samples, "simplified") }
      quantize(samples)
      guard stage("lay out", { try model.prepare() }) != nil else { return lines }
      let isQuantized = model.graph.valueIDs.contains { model.graph[$0].type?.isQuantized == true }
      // What is quantized in ONNX is rounded by the rules of integer kernels from here on.
      if isQuantized, !source.hasSuffix(".tflite") {
        _ = written(model, "skiff")
        return lines
      }
      check(model.graph, samples, "laid out plainly", plainly: true)
      check(model.graph, samples, "laid out")
      prune(model.graph, samples)
      if let graph = written(model, "skiff") { check(graph, samples, "edge") }
      if let graph = written(model, "tflite", mayRefuse: true) {
        check(graph, samples, "lite", inFloat32: true)
      }
      if !isQuantized, let graph = written(model, "written.onnx", mayRefuse: true) {
        check(graph, samples, "onnx")
      }
    } catch {
      lines.append("wrong \(number) files: \(Self.text(error))")
    }
    return lines
  }

  /// What is left of half of the channels runs and gives results of the same types.
  private mutating func prune(_ graph: Graph, _ samples: [ExpectedSample]) {
    guard let pruned = stage("prune", { try ChannelPruning(.eachGroup(0.5)).apply(to: graph).graph }),
      let inputs = samples.first?.inputs
    else { return }
    let types = stage("pruned") {
      try [graph, pruned].map { graph in
        try Session(Plan(graph, inputShapes: inputs.mapValues(\.shape))).run(inputs).mapValues(\.type)
      }
    }
    if let types, types[0] != types[1] { lines.append("wrong \(number) pruned: \(types[1]) for \(types[0])") }
  }

  /// The model written to a file and read back.
  private mutating func written(_ model: Model, _ ending: String, mayRefuse: Bool = false) -> Graph? {
    let path = "\(base).\(ending)"
    let write = { () throws -> Void in
      var copy = model
      try copy.write(to: path)
    }
    guard stage("write \(ending)", mayRefuse: mayRefuse, write) != nil else { return nil }
    return stage("read \(ending)") { try Model(contentsOf: path).graph }
  }

  /// Computes with integers what can be, and writes that with its results where nothing else is left: LiteRT must give the
  /// same, which `litert_graphs.py` tells.
  private mutating func quantize(_ samples: [ExpectedSample]) {
    guard let sample = samples.first, !sample.inputs.isEmpty, sample.isFinite,
      sample.inputs.values.allSatisfy({ $0.dataType == .float32 && $0.count > 0 && $0.rank > 0 })
    else { return }
    let inputs = sample.inputs
    let source = source
    let fixed = stage("fix sizes") {
      try Model(contentsOf: source, inputShapes: inputs.mapValues(\.shape))
    }
    guard var quantized = fixed else { return }
    let report = stage("quantize", mayRefuse: true) {
      try quantized.compress(.int8(calibratedOn: Samples(inputs)))
    }
    guard let report, report.quantizedNodes > 0 else { return }
    let path = base + ".int8.tflite"
    let isWritten = stage("write int8", mayRefuse: true) { try quantized.write(to: path) } != nil
    guard isWritten, let graph = stage("read int8", { try Model(contentsOf: path).graph }) else { return }
    let run = { (graph: Graph) in
      try Session(Plan(graph, inputShapes: inputs.mapValues(\.shape))).run(inputs)
    }
    guard let ours = stage("int8", { try run(quantized.graph) }),
      let again = stage("int8 read", { try run(graph) }), report.floatNodes.isEmpty
    else { return }
    let exact = ExpectedSample(inputs: inputs, exactly: ours)
    if let complaint = exact.complaint(of: again) {
      lines.append("wrong \(number) int8 read: \(complaint)")
    }
    let samplesPath = base + ".int8.npz"
    stage("write int8 samples") { try exact.write(to: samplesPath) }
  }

  /// The result of a step; one that throws is a finding.
  @discardableResult
  private mutating func stage<Result>(
    _ name: String, mayRefuse: Bool = false, _ body: () throws -> Result
  ) -> Result? {
    do { return try body() } catch {
      let isRefusal = mayRefuse && (error as? ModelError)?.code == .unsupported
      lines.append("\(isRefusal ? "refused" : "wrong") \(number) \(name): \(Self.text(error))")
      return nil
    }
  }

  /// Whether a graph computes what it must.
  @discardableResult
  private mutating func check(
    _ graph: Graph, _ samples: [ExpectedSample], _ name: String, plainly: Bool = false,
    inFloat32: Bool = false, mayRefuse: Bool = false
  ) -> Bool {
    for (index, sample) in samples.enumerated() {
      let results = stage("\(name) \(index)", mayRefuse: mayRefuse) {
        try Session(
          Plan(graph, inputShapes: sample.inputs.mapValues(\.shape), usesReferenceKernels: plainly)
        ).run(sample.inputs)
      }
      guard let results else { return false }
      guard let complaint = sample.complaint(of: results, inFloat32: inFloat32) else { continue }
      lines.append("wrong \(number) \(name) \(index): \(complaint)")
      return false
    }
    return true
  }

  private static func text(_ error: any Error) -> String {
    "\(error)".split(separator: "\n").joined(separator: " | ")
  }
}
