import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffONNX
import SkiffTestSupport
import Testing

/// Single operators and small models, against data of the onnx package and against ONNX Runtime.
///
/// `expected-failures.txt` lists the package's cases that fail, with the reason; a case on it that passes fails
/// the test, so that the list only gets shorter.
@Suite struct ConformanceTests {
  @Test(.needsPeer(.check)) func thePackagesOwnCasesGiveTheExpectedResults() throws {
    let count = try check("onnx_corpus.py", "expected-failures.txt", Self.ofThePackage)
    #expect(count == 1422)
  }

  /// Each operator in each version of the operators, as ONNX Runtime computes it.
  @Test(.needsPeer(.check)) func everyVersionGivesWhatONNXRuntimeGives() throws {
    let count = try check("onnx_versions.py", nil, Self.ofTheRange)
    #expect(count == 4626)
  }

  /// Runs all cases of a script and returns their number.
  private func check(_ script: String, _ list: String?, _ bound: Bound) throws -> Int {
    let folder = try TemporaryFolder()
    let corpus = try ConformanceCorpus(from: script, in: folder)
    let expected = try list.map {
      try ExpectedFailures(path: Checkout.path("Tests/SkiffONNXTests/Conformance/\($0)")).reasons
    }
    var failures: [String: String] = [:]
    for test in corpus.cases {
      if let reason = Self.failure(of: test, in: corpus, bound) { failures[test.name] = reason }
    }
    for (name, reason) in failures.sorted(by: { $0.key < $1.key }) {
      let listed = expected?[name]
      if listed == nil || listed == Self.needsConstants && reason != listed {
        Issue.record("\(name): \(reason)")
      }
    }
    for name in (expected ?? [:]).keys.sorted() where failures[name] == nil {
      Issue.record("\(name) passes, or does not exist: remove it from \(list ?? "")")
    }
    let restricted = failures.values.count { $0 == Self.needsConstants }
    print(
      "\(script): \(corpus.cases.count - failures.count) of \(corpus.cases.count) cases pass, "
        + "\(restricted) more with lists of integers as constants")
    // The list anew, for a change that adds operators.
    if let path = TestRun.variable("SKIFF_CONFORMANCE_REPORT") {
      let groups = Dictionary(grouping: failures.keys) { failures[$0] ?? "" }
      let text = groups.sorted { $0.key < $1.key }
        .map { "# \($0.key)\n\($0.value.sorted().joined(separator: "\n"))\n" }.joined(separator: "\n")
      try text.write(toFile: "\(path).\(script).txt", atomically: true, encoding: .utf8)
    }
    return corpus.cases.count
  }

  /// What many cases lack, whose operands are inputs though models have constants there.
  private static let needsConstants = "lists of integers must be constants; with those it passes"

  /// Why a case fails, nil if it passes.
  private static func failure(
    of test: ConformanceCorpus.Case, in corpus: ConformanceCorpus, _ bound: Bound
  ) -> String? {
    if let reason = test.skipped { return reason }
    guard let reason = failure(of: test, model: test.model, inputs: nil, in: corpus, bound) else {
      return nil
    }
    if let fixed = test.fixed,
      failure(of: test, model: fixed.model, inputs: fixed.inputs, in: corpus, bound) == nil
    {
      return needsConstants
    }
    return reason
  }

  private static func failure(
    of test: ConformanceCorpus.Case, model path: String, inputs positions: [Int]?,
    in corpus: ConformanceCorpus, _ bound: Bound
  ) -> String? {
    do {
      var warnings: [Warning] = []
      let graph = try ONNXImporter.makeGraph(from: ONNXModel(mapping: path), warnings: &warnings)
      if let kept = graph.nodeIDs.lazy.compactMap({ graph.operator(of: $0, as: ForeignOperator.self) }).first
      {
        let message = warnings.lazy.map(\.message).first { $0.contains("\(kept.kind)'") } ?? ""
        return message.contains("is not known")
          ? "the operator \(kept.kind) is not known" : String(message.prefix { $0 != "(" && $0 != ";" })
      }
      for (index, set) in test.sets.enumerated() {
        let inputs = try corpus.arrays("input", set.inputs, of: test, set: index)
        let outputs = try corpus.arrays("output", set.outputs, of: test, set: index)
        let remaining = positions.map { $0.map { inputs[$0] } } ?? inputs
        if let reason = try run(graph, remaining, expecting: outputs, bound) { return reason }
      }
      return nil
    } catch let error as ModelError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  /// Whether results are those expected.
  private typealias Bound = @Sendable (_ actual: [Double], _ expected: [Double]) -> Bool

  /// The bounds of the package's own runner, which its data were made for.
  private static let ofThePackage: Bound = { actual, expected in
    zip(actual, expected).allSatisfy { a, e in
      a == e || a.isNaN && e.isNaN || abs(a - e) <= 1e-7 + 1e-3 * abs(e)
    }
  }

  /// An error of 1e-5 of the range at most.
  private static let ofTheRange: Bound = { actual, expected in
    FloatDifference(actual, from: expected).errorOfRange <= 1e-5
  }

  /// Runs a graph on arrays in the order of its inputs and compares the results in the order of its outputs.
  private static func run(
    _ graph: Graph, _ inputs: [NumPyArray], expecting outputs: [NumPyArray], _ bound: Bound
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
      guard bound(actual, wanted) else { return "wrong: \(FloatDifference(actual, from: wanted))" }
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
