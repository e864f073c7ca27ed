import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffONNX
import SkiffTestSupport
import Testing

/// The onnx package's own tests of single operators and small models.
///
/// `expected-failures.txt` lists the cases that fail, with the reason; a case on it that passes fails the test,
/// so that the list only gets shorter.
@Suite struct ConformanceTests {
  @Test(.needsPeer(.check)) func theCorpusGivesTheExpectedResults() throws {
    let folder = try TemporaryFolder()
    let corpus = try ConformanceCorpus(in: folder)
    #expect(corpus.cases.count == 1422)
    let expected = try ExpectedFailures(
      path: Checkout.path("Tests/SkiffONNXTests/Conformance/expected-failures.txt"))
    var failures: [String: String] = [:]
    for test in corpus.cases {
      if let reason = Self.failure(of: test, in: corpus) { failures[test.name] = reason }
    }
    let unexpected = failures.filter { expected.reasons[$0.key] == nil }.sorted { $0.key < $1.key }
    for (name, reason) in unexpected { Issue.record("\(name): \(reason)") }
    for name in expected.reasons.keys.sorted() where failures[name] == nil {
      Issue.record("\(name) passes, or does not exist: remove it from expected-failures.txt")
    }
    print("conformance: \(corpus.cases.count - failures.count) of \(corpus.cases.count) cases pass")
    // The list anew, for a change that adds operators.
    if let path = TestRun.variable("SKIFF_CONFORMANCE_REPORT") {
      let groups = Dictionary(grouping: failures.keys) { failures[$0] ?? "" }
      let text = groups.sorted { $0.key < $1.key }
        .map { "# \($0.key)\n\($0.value.sorted().joined(separator: "\n"))\n" }.joined(separator: "\n")
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
  }

  /// Why a case fails, nil if it passes.
  private static func failure(of test: ConformanceCorpus.Case, in corpus: ConformanceCorpus) -> String? {
    if let reason = test.skipped { return reason }
    do {
      var warnings: [Warning] = []
      let model = try ONNXModel(mapping: test.model)
      let graph = try ONNXImporter.makeGraph(from: model, warnings: &warnings)
      if let kept = graph.nodeIDs.lazy.compactMap({ graph.operator(of: $0, as: ForeignOperator.self) }).first
      {
        let message = warnings.lazy.map(\.message).first { $0.contains("\(kept.kind)'") } ?? ""
        return message.contains("is not known")
          ? "the operator \(kept.kind) is not known" : String(message.prefix { $0 != "(" && $0 != ";" })
      }
      for (index, set) in test.sets.enumerated() {
        let inputs = try corpus.arrays("input", set.inputs, of: test, set: index)
        let outputs = try corpus.arrays("output", set.outputs, of: test, set: index)
        if let reason = try run(graph, inputs, expecting: outputs) { return reason }
      }
      return nil
    } catch let error as ModelError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  /// Runs a graph on arrays in the order of its inputs and compares the results in the order of its outputs.
  private static func run(
    _ graph: Graph, _ inputs: [NumPyArray], expecting outputs: [NumPyArray]
  ) throws -> String? {
    guard graph.inputs.count == inputs.count, graph.outputs.count == outputs.count else {
      return "\(inputs.count) inputs and \(outputs.count) outputs for \(graph.inputs.count) and "
        + "\(graph.outputs.count)"
    }
    var tensors: [String: Tensor] = [:]
    for (id, array) in zip(graph.inputs, inputs) {
      tensors[graph[id].name] = try Tensor(array, as: graph[id].type?.dataType)
    }
    let plan = try Plan(graph, inputShapes: tensors.mapValues(\.shape))
    let results = try Session(plan).run(tensors)
    for (output, array) in zip(graph.outputs, outputs) {
      guard let result = results[output.name] else { return "output '\(output.name)' is missing" }
      let expected = try Tensor(array, as: result.dataType)
      guard result.shape == expected.shape else {
        return "shape \(result.shape) instead of \(expected.shape)"
      }
      guard result.dataType == expected.dataType else {
        return "\(result.dataType.rawValue) instead of \(expected.dataType.rawValue)"
      }
      let (actual, wanted) = (try result.doubles(), try expected.doubles())
      // The bounds of the package's own runner.
      let isWrong = zip(actual, wanted).contains { a, e in
        a != e && !(a.isNaN && e.isNaN) && !(abs(a - e) <= 1e-7 + 1e-3 * abs(e))
      }
      if isWrong { return "wrong: \(FloatDifference(actual, from: wanted))" }
    }
    return nil
  }
}

extension Tensor {
  /// The tensor of an array; types that NumPy lacks are widened in the corpus, or there as their bits.
  fileprivate init(_ array: NumPyArray, as wanted: DataType?) throws(ModelError) {
    guard let type = DataType.allCases.first(where: { NumPyType($0) == array.type }) else {
      throw ModelError(.unsupported, "an array of \(array.type.rawValue)")
    }
    if let wanted, NumPyType(wanted) == nil, wanted.isFloatingPoint, wanted.bitWidth == type.bitWidth {
      try self.init(wanted, shape: array.shape, bytes: array.bytes)
      return
    }
    let tensor = try Tensor(type, shape: array.shape, bytes: array.bytes)
    if let wanted, NumPyType(wanted) == nil { self = try tensor.cast(to: wanted) } else { self = tensor }
  }
}
