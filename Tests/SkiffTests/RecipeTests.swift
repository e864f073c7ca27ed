import Foundation
import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffTestSupport
import Testing

/// What recipes can say, and that all else is refused where it stands.
@Suite struct RecipeTests {
  private typealias Settings = WeightCompression.Settings

  private static func recipe(_ steps: String) -> String { "skiff: 1\nsteps:\n\(steps)\n" }

  private func weights(_ text: String) throws -> WeightCompression {
    let recipe = try Recipe(yaml: Self.recipe("- weights: \(text)"), name: "test")
    guard recipe.steps.count == 1, case .weights(let weights) = recipe.steps[0] else {
      throw TestSupportError("\(recipe.steps)")
    }
    return weights
  }

  private func settings(_ text: String) throws -> Settings { try #require(try weights(text).settings) }

  @Test func everyKeyIsRead() throws {
    let recipe = try Recipe(contentsOf: TestModel.path("every-key.recipe"))
    #expect(recipe.name == "every key" && recipe.steps.count == 4 && recipe.needsSamples)

    var (global, structured) = (WeightPruning(), WeightPruning())
    (global.sparsity, global.scope) = (0.25, .global)
    structured.pattern = .structured(keep: 2, of: 4)
    var (palette, integers) = (Palettization(), WeightQuantization())
    (palette.bits, palette.rowsPerTable, palette.entries) = (3, 2, .int8)
    (integers.bits, integers.granularity, integers.isSymmetric, integers.clips) = (5, .tensor, false, false)
    var (base, dense, convolution) = (Settings(), Settings(), Settings())
    base.pruning = global
    (dense.pruning, dense.coding, dense.importance) = (structured, .palette(palette), .inputs)
    (convolution.pruning, convolution.coding) = (global, .integers(integers))
    (convolution.usesFeedback, convolution.biasCorrection) = (true, .samples)
    var first = WeightCompression(
      base,
      exceptions: [
        .operators("FullyConnected"): dense, .operators("Convolution"): convolution,
        .names("den*"): Optional<Settings>.none,
      ])
    first.leastCount = 16
    #expect(recipe.steps[0] == .weights(first))

    var quantization = Int8Quantization()
    quantization.excludedNodes = ["product1"]
    (quantization.fullyConnectedWeights, quantization.convolutionWeights) = (.perChannel, .perTensor)
    (quantization.quantizesInputs, quantization.quantizesOutputs) = (true, true)
    #expect(recipe.steps[3] == .int8(.percentile(99.9), quantization))
  }

  @Test func everyValueIsRead() throws {
    #expect(try settings("{float: float16}").coding == .float16)
    #expect(try settings("{float: bfloat16}").coding == .bfloat16)
    for bits in 1...8 {
      guard case .palette(let palette) = try settings("{palette: {bits: \(bits)}}").coding else {
        throw TestSupportError("no palette")
      }
      #expect(palette.bits == bits && palette.rowsPerTable == 0)
    }
    guard
      case .palette(let vectors) = try settings("{palette: {bits: 12, vector: 4, entries: float}}").coding
    else { throw TestSupportError("no palette") }
    #expect(vectors.bits == 12 && vectors.vectorLength == 4 && vectors.entries == .float)
    for bits in 2...8 {
      guard case .integers(let integers) = try settings("{integers: {bits: \(bits), per: block 32}}").coding
      else {
        throw TestSupportError("no integers")
      }
      #expect(integers.bits == bits && integers.granularity == .block(32))
      #expect(integers.isSymmetric && integers.clips)
    }
    #expect(try settings("{integers: {}}").coding == .integers(WeightQuantization()))
    #expect(try settings("{prune: {}}").pruning == WeightPruning())
    #expect(try settings("{prune: {pattern: block 16}}").pruning?.pattern == .block(16))
    #expect(try settings("{prune: {pattern: 1:4}}").pruning?.pattern == .structured(keep: 1, of: 4))
    for sparsity in ["0", "1", "0.333", "1e-3", ".5"] {
      #expect(try settings("{prune: {sparsity: \(sparsity)}}").pruning?.sparsity == Double("0" + sparsity))
    }
    #expect(try weights("{float: float16, least: 7}").leastCount == 7)
    for (text, correction) in [
      ("true", WeightCompression.BiasCorrection.samples), ("false", nil), ("normalization", .normalization),
    ] {
      let weights = try weights("{palette: {}, correct-bias: \(text)}")
      #expect(weights.settings?.biasCorrection == correction)
      #expect(
        weights.needsSamples == (text == "true") && weights.usesNormalizations == (text == "normalization"))
    }
    // What an exception does not say is as for all others.
    let own = try weights(
      "{prune: {}, integers: {bits: 4}, names: {a: {palette: {}}, b: {integers: {bits: 2}}, c: keep}}")
    #expect(own.exceptions.count == 3)
    #expect(own.exceptions[.names("a")]??.coding == .palette(Palettization()))
    #expect(own.exceptions[.names("a")]??.pruning == WeightPruning())
    #expect(own.exceptions[.names("c")] == .some(nil))
  }

  @Test func importanceIsRead() throws {
    #expect(try settings("{palette: {}, importance: true}").importance == .inputs)
    #expect(try settings("{palette: {}, importance: false}").importance == nil)
    let fisher = try weights(
      "{palette: {}, importance: fisher, labels: classes, names: {a: {importance: true}, b: {prune: {}}}}")
    #expect(fisher.settings?.importance == .fisher && fisher.labels == "classes" && fisher.needsSamples)
    #expect(fisher.exceptions[.names("a")]??.importance == .inputs)
    #expect(fisher.exceptions[.names("b")]??.importance == .fisher)
  }

  @Test func int8IsRead() throws {
    func step(_ text: String) throws -> Compression.Step {
      try Recipe(yaml: Self.recipe("- int8: \(text)"), name: "").steps[0]
    }
    #expect(try step("{}") == .int8(.percentile(99.99), Int8Quantization()))
    #expect(try step("{range: min-max}") == .int8(.minMax, Int8Quantization()))
    #expect(try step("{range: percentile 100}") == .int8(.percentile(100), Int8Quantization()))
    #expect(try step("{range: entropy}") == .int8(.entropy, Int8Quantization()))
    #expect(try step("{range: mse}") == .int8(.squaredError, Int8Quantization()))
    #expect(try step("{range: moving-average}") == .int8(.movingAverage, Int8Quantization()))
    #expect(
      try step("{range: moving-average 0.5}") == .int8(.movingAverage(momentum: 0.5), Int8Quantization()))
    var wide = Int8Quantization()
    wide.activations = .int16
    #expect(try step("{activations: int16}") == .int8(.minMax, wide))
    (wide.quantizesInputs, wide.quantizesOutputs) = (true, true)
    #expect(try step("{activations: int16, range: entropy, interface: int16}") == .int8(.entropy, wide))
    var dynamic = Int8Quantization()
    dynamic.activations = .dynamic
    #expect(try step("{activations: dynamic}") == .int8(.percentile(99.99), dynamic))
    #expect(try !Recipe(yaml: Self.recipe("- int8: {activations: dynamic}"), name: "").needsSamples)
    #expect(try step("{interface: float}") == .int8(.percentile(99.99), Int8Quantization()))
    var symmetric = Int8Quantization()
    symmetric.hasSymmetricActivations = true
    #expect(try step("{symmetric: true}") == .int8(.percentile(99.99), symmetric))
    #expect(try step("{symmetric: false, activations: dynamic}") == .int8(.percentile(99.99), dynamic))
    var mixed = Int8Quantization()
    mixed.exceptions = [
      .operators("Softmax"): .int16, .names("head*"): Optional<Int8Quantization.Activations>.none,
      .names("head1"): .int8,
    ]
    #expect(
      try step(
        "{operators: {Softmax: {activations: int16}}, names: {'head*': {activations: real}, head1: {activations: int8}}}"
      )
        == .int8(.percentile(99.99), mixed))
  }

  @Test func labelsAreReadAndSeparated() throws {
    let recipe = try Recipe(
      yaml: Self.recipe("- channels: {each: 0.5, ranking: taylor, labels: classes}"), name: "")
    var pruning = ChannelPruning(.eachGroup(0.5))
    (pruning.ranking, pruning.labels) = (.taylor, "classes")
    #expect(recipe.steps == [.channels(pruning)] && recipe.needsSamples)
    let classes = Tensor([3, 1] as [Int64], shape: [2])
    let images = Tensor([Float](repeating: 1, count: 4), shape: [2, 2])
    let rest = recipe.inputs(in: Samples(["x": images, "classes": classes]))
    #expect(rest.separating("x") != nil && rest.separating("classes") == nil)
    var model = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
    let error = #expect(throws: ModelError.self) {
      try model.compress(
        recipe.compression(on: Samples(contentsOf: TestModel.path("calibration.nchw.npz"))))
    }
    #expect(error?.code == .invalidArgument && error?.location.tensor == "classes")
  }

  @Test func stepsOfScalesAndRanksAreRead() throws {
    func step(_ text: String) throws -> Compression.Step {
      try Recipe(yaml: Self.recipe("- \(text)"), name: "").steps[0]
    }
    var quantization = WeightQuantization()
    (quantization.bits, quantization.granularity) = (4, .block(32))
    #expect(try step("smooth: {}") == .smooth(ChannelSmoothing(.alpha(0.5))))
    #expect(try step("smooth: {alpha: 0.75}") == .smooth(ChannelSmoothing(.alpha(0.75))))
    #expect(
      try step("smooth: {search: {bits: 4, per: block 32}}")
        == .smooth(ChannelSmoothing(.searched(for: quantization))))
    var approximation = LowRankApproximation(.weights(0.5))
    #expect(try step("low-rank: {weights: 0.5}") == .lowRank(approximation))
    approximation.amount = .error(0.01)
    (approximation.usesInputs, approximation.leastCount) = (true, 7)
    approximation.excludedNodes = ["a"]
    #expect(
      try step("low-rank: {error: 0.01, importance: true, least: 7, exclude: [a]}") == .lowRank(approximation)
    )
    #expect(try Recipe(yaml: Self.recipe("- smooth: {}"), name: "").needsSamples)
    #expect(try !Recipe(yaml: Self.recipe("- low-rank: {error: 0.1}"), name: "").needsSamples)
    #expect(
      try Recipe(yaml: Self.recipe("- low-rank: {error: 0.1, importance: true}"), name: "").needsSamples)
    #expect(try settings("{integers: {}, rounding: adaptive}").roundsAdaptively)
    #expect(try !settings("{integers: {}, rounding: nearest}").roundsAdaptively)
    for text in [
      "smooth: {alpha: 2}", "smooth: {alpha: 0.5, search: {}}", "smooth: {search: {bits: 1}}", "low-rank: {}",
      "low-rank: {error: 0.1, weights: 0.1}", "low-rank: {error: 2}",
      "weights: {palette: {}, rounding: adaptive}",
      "weights: {integers: {}, rounding: adaptive, feedback: true}",
      "weights: {integers: {}, rounding: adaptive, names: {a: {float: float16}}}",
    ] {
      let error = #expect(throws: ModelError.self) { try step(text) }
      #expect(error?.code == .invalidArgument && error?.location.line != nil, "\(text)")
    }
  }

  @Test(arguments: ["equalize: {}", "smooth: {}", "rotate: {}", "low-rank: {error: 0.1}"])
  func nothingUndoesFewBits(step: String) throws {
    let weights = "- weights: {integers: {bits: 4}}"
    #expect(throws: Never.self) { try Recipe(yaml: Self.recipe("- \(step)\n\(weights)"), name: "") }
    let error = #expect(throws: ModelError.self) {
      try Recipe(yaml: Self.recipe("\(weights)\n- \(step)"), name: "")
    }
    #expect(error?.code == .invalidArgument)
  }

  @Test func presetsAreRead() throws {
    for name in Recipe.presets {
      let recipe = try #require(try Recipe.preset(name))
      #expect(recipe.name == name && !recipe.steps.isEmpty)
      #expect(recipe.needsSamples == (name != "int4-weights"))
      #expect(recipe.compression(on: nil).description == name)
    }
    #expect(try Recipe.preset("int9") == nil && Recipe.presetText("") == nil)
  }

  /// Weights that a step made integers of few bits are these integers when activations become integers too.
  @Test(arguments: 2...8) func int8KeepsTheBitsOfWeights(bits: Int) throws {
    let samples = try Samples(contentsOf: TestModel.path("calibration.nchw.npz"))
    func compressed(_ steps: String) throws -> Graph {
      var model = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
      try model.compress(Recipe(yaml: Self.recipe(steps), name: "").compression(on: samples))
      return model.graph
    }
    let rounding = "- weights: {integers: {bits: \(bits)}, feedback: true}"
    let (real, integer) = (try compressed(rounding), try compressed(rounding + "\n- int8: {}"))
    var found = 0
    for id in integer.constantIDs {
      let tensor = try #require(integer[id].constant).materialize()
      guard tensor.dataType == .int8, tensor.rank >= 2, tensor.count >= 64 else { continue }
      found += 1
      #expect(try tensor.integers().allSatisfy { abs($0) < 1 << (bits - 1) })
      let same = real.constantIDs.filter { real[$0].name == integer[id].name }
      guard same.count == 1 else { continue }
      #expect(try real[same[0]].constant?.materialize().floats() == tensor.dequantized().floats())
    }
    #expect(found > 3)
  }

  /// Weights that are numbers of tables of integers are these integers when activations become integers too, and the file has the tables.
  @Test(arguments: ["bits: 5, vector: 2", "bits: 3, vector: 4", "bits: 4", "bits: 3, rows: 4"])
  func int8KeepsTablesOfIntegers(palette: String) throws {
    let samples = try Samples(contentsOf: TestModel.path("calibration.nchw.npz"))
    let folder = try TemporaryFolder()
    let rounding = "- weights: {palette: {\(palette), entries: int8}, feedback: true}"
    func compressed(_ steps: String) throws -> Model {
      var model = try Model(contentsOf: TestModel.path("torch.opset17.onnx"))
      let report = try model.compress(
        Recipe(yaml: Self.recipe(steps), name: "").compression(on: samples))
      #expect(report.weights.contains { $0.coding.hasSuffix("in int8") })
      return model
    }
    let real = try compressed(rounding).graph
    var integer = try compressed(rounding + "\n- int8: {}")
    try integer.write(to: folder.path("model.skiff"))
    let file = try Model(contentsOf: folder.path("model.skiff")).graph
    var (found, stored) = (0, 0)
    for (id, own) in zip(integer.graph.constantIDs, file.constantIDs) {
      let constant = try #require(file[own].constant)
      let tensor = try constant.materialize()
      #expect(try integer.graph[id].constant?.materialize() == tensor)
      guard tensor.dataType == .int8, tensor.rank >= 2, tensor.count >= 64 else { continue }
      if case .codebook = constant.encoding { stored += 1 }
      let same = real.constantIDs.filter { real[$0].name == integer.graph[id].name }
      guard same.count == 1 else { continue }
      found += 1
      #expect(try real[same[0]].constant?.materialize().floats() == tensor.dequantized().floats())
    }
    #expect(found > 3)
    #expect(palette == "bits: 4" ? stored == 0 : stored > 0)
    // TensorFlow Lite has no such tables.
    try integer.write(to: folder.path("model.tflite"))
    let decoded = integer.warnings.filter { $0.message.contains("tables") }
    #expect(decoded.count == (palette == "bits: 4" ? 0 : 1), "\(integer.warnings)")
  }

  /// A text that is no recipe: what the error is about, and the line and column where it is.
  struct Wrong: Sendable, CustomTestStringConvertible {
    let text: String
    let message: String
    var line: Int?
    var column: Int?

    var testDescription: String { "\(text.prefix(120))" }

    /// - Parameter weights: What stands behind `weights:` in the third line.
    init(weights: String, _ message: String, column: Int? = nil) {
      (text, self.message) = (RecipeTests.recipe("- weights: \(weights)"), message)
      (line, self.column) = (3, column)
    }

    init(int8: String, _ message: String) {
      (text, self.message, line) = (RecipeTests.recipe("- int8: \(int8)"), message, 3)
    }

    init(_ text: String, _ message: String, line: Int? = nil, column: Int? = nil) {
      (self.text, self.message, self.line, self.column) = (text, message, line, column)
    }
  }

  static let wrong: [Wrong] = [
    Wrong("", "is empty"), Wrong("# nothing\n", "is empty"), Wrong("--- \n...\n", "must be a mapping"),
    Wrong("hello", "must be a mapping", line: 1), Wrong("[1, 2]", "must be a mapping", line: 1),
    Wrong("{a: [", "did not find"), Wrong("\t", "cannot start any token", line: 1),
    Wrong("a: b: c", "not allowed", line: 1),
    Wrong("skiff: 1", "has no steps", line: 1), Wrong("skiff: 1\nsteps: []", "has no steps"),
    Wrong("skiff: 1\nsteps:", "'steps' must be a list", line: 2),
    Wrong("steps: [int8: {}]", "must say 'skiff: 1'"),
    Wrong("skiff: 2\nsteps: [int8: {}]", "from 1 to 1", line: 1),
    Wrong("skiff: one\nsteps: [int8: {}]", "whole number", line: 1),
    Wrong("skiff: 1\nname: [a]\nsteps: [int8: {}]", "'name' must be a text", line: 2),
    Wrong("skiff: 1\nskiff: 1\nsteps: [int8: {}]", "'skiff' is said twice"),
    Wrong("skiff: 1\nextra: 1\nsteps: [int8: {}]", "'extra' is not known here", line: 2),
    Wrong("skiff: 1\nsteps: [int8: {}]\n---\nskiff: 1\n", "another document"),
    Wrong("skiff: 1\nsteps: [{int8: {}, weights: {float: float16}}]", "must be one step", line: 2),
    Wrong("skiff: 1\nsteps: [{}]", "must be one step"), Wrong("skiff: 1\nsteps: [int8]", "must be a mapping"),
    Wrong("skiff: 1\nsteps: [[int8: {}]]", "'steps 1' must be a mapping"),
    Wrong("skiff: 1\nsteps: [int4: {}]", "'int4' is not known here"),
    Wrong("skiff: 1\nsteps: [? [a, b] : c]", "a key that is no text"),
    Wrong("skiff: 1\nsteps: [int8: {}, weights: {float: float16}]", "'steps 2' comes after int8", column: 19),
    Wrong("skiff: 1\nsteps: [int8: {}, int8: {}]", "'steps 2' comes after int8", column: 19),
    Wrong("skiff: 1\nsteps: &steps [int8: {}]", "no anchors", line: 2),
    Wrong("skiff: 1\nsteps: [*steps]", "undefined alias"),
    Wrong("skiff: 1\0\nsteps: [int8: {}]", "control characters"),

    Wrong(weights: "{}", "changes nothing"), Wrong(weights: "", "must be a mapping"),
    Wrong(weights: "{least: 5}", "changes nothing"), Wrong(weights: "{names: {a: keep}}", "changes nothing"),
    Wrong(weights: "{feedback: false}", "changes nothing"),
    Wrong(weights: "{feedback: true}", "neither prunes nor rounds"),
    Wrong(weights: "{importance: true}", "neither prunes nor rounds"),
    Wrong(weights: "{importance: fisher}", "neither prunes nor rounds"),
    Wrong(weights: "{float: float16, importance: fisher}", "nothing that feedback or importance"),
    Wrong(weights: "{palette: {}, importance: taylor}", "must be true, false or fisher", column: 38),
    Wrong(weights: "{palette: {}, importance: [fisher]}", "must be true, false or fisher"),
    Wrong(weights: "{palette: {}, importance: true, labels: l}", "only the importance 'fisher'", column: 12),
    Wrong(weights: "{palette: {}, labels: l}", "only the importance 'fisher'"),
    Wrong(weights: "{palette: {}, importance: fisher, labels: [l]}", "'labels' must be a text"),
    Wrong(
      weights: "{palette: {}, names: {a: {importance: fisher, labels: l}}}", "'labels' is not known here"),
    Wrong(
      weights: "{prune: {scope: global}, importance: fisher, names: {a: {importance: true}}}",
      "weights of different importance"),
    Wrong(weights: "{correct-bias: true}", "neither prunes nor rounds"),
    Wrong(weights: "{correct-bias: normalization}", "neither prunes nor rounds"),
    Wrong(weights: "{palette: {}, correct-bias: shift}", "must be true or false, or normalization"),
    Wrong(
      "skiff: 1\nsteps: [rotate: {}, weights: {palette: {}, correct-bias: normalization}]",
      "'steps 2' corrects biases by normalizations whose channels"),
    Wrong(weights: "{float: float16, feedback: true}", "nothing that feedback"),
    Wrong(
      weights: "{prune: {}, names: {a: {feedback: true}}, operators: {B: {palette: {}, integers: {}}}}",
      "has both"),
    Wrong(weights: "{palette: {}, integers: {}}", "has both palette and integers"),
    Wrong(weights: "{float: float16, palette: {}}", "has both float and palette"),
    Wrong(weights: "{prun: {}}", "'prun' is not known here", column: 13),
    Wrong(weights: "{prune: {sparsty: 1}}", "'sparsty' is not known here", column: 21),
    Wrong(weights: "{prune: 0.5}", "'prune' must be a mapping"),
    Wrong(weights: "{prune: {sparsity: 1.1}}", "'sparsity' must be a number from 0.0 to 1.0", column: 31),
    Wrong(weights: "{prune: {sparsity: -0.1}}", "a number from"),
    Wrong(weights: "{prune: {sparsity: .nan}}", "a number from"),
    Wrong(weights: "{prune: {sparsity: half}}", "a number from"),
    Wrong(weights: "{prune: {sparsity: [1]}}", "a number from"),
    Wrong(weights: "{prune: {scope: all}}", "must be tensor or global"),
    Wrong(weights: "{prune: {pattern: 4:4}}", "must keep fewer"),
    Wrong(weights: "{prune: {pattern: -1:4}}", "must keep fewer"),
    Wrong(weights: "{prune: {pattern: 2:9999999}}", "must keep fewer"),
    Wrong(weights: "{prune: {pattern: 1:2:3}}", "must be element or block"),
    Wrong(weights: "{prune: {pattern: block}}", "must be element or block and a number"),
    Wrong(weights: "{prune: {pattern: block 1}}", "a number of weights"),
    Wrong(weights: "{prune: {pattern: block 2.5}}", "a number of weights"),
    Wrong(weights: "{prune: {pattern: block inf}}", "a number of weights"),
    Wrong(weights: "{prune: {pattern: block nan}}", "a number of weights"),
    Wrong(weights: "{prune: {pattern: element 3}}", "must be element"),
    Wrong(weights: "{prune: {pattern: ''}}", "must be element"),
    Wrong(weights: "{prune: {pattern: '2:4', sparsity: 0.5}}", "says how much"),
    Wrong(weights: "{prune: {pattern: '2:4', scope: global}}", "says how much"),
    Wrong(weights: "{palette: {bits: 0}}", "from 1 to 8"),
    Wrong(weights: "{palette: {bits: 9}}", "from 1 to 8"),
    Wrong(weights: "{palette: {bits: 4.0}}", "whole number"),
    Wrong(weights: "{palette: {bits: 13, vector: 2}}", "from 1 to 12"),
    Wrong(weights: "{palette: {bits: 9, vector: 1}}", "from 1 to 8"),
    Wrong(weights: "{palette: {vector: 3}}", "must be 1, 2 or 4", column: 31),
    Wrong(weights: "{palette: {vector: 8}}", "from 1 to 4"),
    Wrong(weights: "{palette: {entries: int4}}", "must be float or int8"),
    Wrong(weights: "{palette: {vector: 2}, prune: {}}", "no zeros of their own"),
    Wrong(weights: "{palette: {vector: 2}, names: {a: {prune: {}}}}", "no zeros of their own"),
    Wrong(weights: "{palette: {rows: -1}}", "whole number"),
    Wrong(weights: "{palette: {rows: 99999999999999999999}}", "whole number"),
    Wrong(weights: "{palette: 4}", "must be a mapping"),
    Wrong(weights: "{integers: {bits: 1}}", "from 2 to 8"),
    Wrong(weights: "{integers: {bits: true}}", "whole number"),
    Wrong(weights: "{integers: {per: row}}", "must be tensor or channel or block and a number"),
    Wrong(weights: "{integers: {per: channel 4}}", "must be tensor"),
    Wrong(weights: "{integers: {per: block}}", "must be tensor"),
    Wrong(weights: "{integers: {per: block 4 4}}", "must be tensor"),
    Wrong(weights: "{integers: {per: block 1e300}}", "a number of weights"),
    Wrong(weights: "{integers: {symmetric: maybe}}", "must be true or false"),
    Wrong(weights: "{integers: {clip: 1}}", "must be true or false"),
    Wrong(weights: "{float: float32}", "must be float16 or bfloat16"),
    Wrong(weights: "{float: float16 3}", "must be float16"),
    Wrong(weights: "{float: float16, least: 0}", "whole number"),
    Wrong(weights: "{float: float16, names: [a]}", "must be a mapping"),
    Wrong(weights: "{float: float16, names: {a: kept}}", "'a' must be a mapping"),
    Wrong(weights: "{float: float16, names: {a: {least: 4}}}", "'least' is not known here"),
    Wrong(weights: "{float: float16, names: {a: {names: {}}}}", "'names' is not known here"),
    Wrong(weights: "{float: float16, names: {a: keep, a: keep}}", "'a' is said twice"),

    Wrong(int8: "", "must be a mapping"), Wrong(int8: "{bits: 8}", "'bits' is not known here"),
    Wrong(int8: "{range: percentile}", "percentile and a number above 50"),
    Wrong(int8: "{range: moving-average 1}", "a momentum from 0 to below 1"),
    Wrong(int8: "{range: entropy 128}", "must be min-max, entropy, mse"),
    Wrong(int8: "{range: [mse]}", "must be a text"),
    Wrong(int8: "{range: min-max 3}", "must be min-max"), Wrong(int8: "{range: percentile 50}", "above 50"),
    Wrong(int8: "{range: percentile 100.1}", "above 50"), Wrong(int8: "{range: percentile nan}", "above 50"),
    Wrong(int8: "{exclude: a}", "must be a list"), Wrong(int8: "{exclude: [[a]]}", "must be a text"),
    Wrong(int8: "{interface: uint8}", "must be float or int8"),
    Wrong(
      int8: "{activations: dynamic, operators: {Add: {activations: int8}}}",
      "dynamic ones are those of the whole graph"),
    Wrong(int8: "{activations: dynamic, symmetric: true}", "dynamic ones have the range and the zero point"),
    Wrong(int8: "{symmetric: 1}", "must be true or false"),
    Wrong(int8: "{operators: {Add: {symmetric: true}}}", "'symmetric' is not known here"),
    Wrong(int8: "{operators: {Add: {activations: dynamic}}}", "must be int8 or int16 or real"),
    Wrong(int8: "{operators: {Add: {}}}", "must have 'activations'"),
    Wrong(int8: "{names: {a: {activations: int16}}, exclude: [a]}", "excludes 'a'"),
    Wrong(int8: "{interface: int16}", "must be float, or what the activations are"),
    Wrong(int8: "{interface: int8, activations: dynamic}", "must be float, or what the activations are"),
    Wrong(int8: "{activations: float16}", "must be int8 or int16 or dynamic"),
    Wrong(int8: "{activations: dynamic, range: min-max}", "has a range"),
    Wrong(int8: "{convolution: block 4}", "must be channel or tensor"),
    Wrong(int8: "{fully-connected: }", "must be channel or tensor"),
  ]

  @Test(arguments: wrong) func whatIsNoRecipeIsRefusedWhereItStands(wrong: Wrong) throws {
    let error = #expect(throws: ModelError.self) { try Recipe(yaml: wrong.text, name: "") }
    guard let error else { return }
    #expect(error.message.contains(wrong.message), "\(error)")
    if let line = wrong.line { #expect(error.location.line == line, "\(error)") }
    if let column = wrong.column { #expect(error.location.column == column, "\(error)") }
    // In a file the error names it.
    let folder = try TemporaryFolder()
    try Data(wrong.text.utf8).write(to: URL(fileURLWithPath: folder.path("a.recipe")))
    let again = #expect(throws: ModelError.self) { try Recipe(contentsOf: folder.path("a.recipe")) }
    #expect(again?.location.file == folder.path("a.recipe") && again?.message == error.message)
  }

  /// Texts that would take long, or more memory than there is.
  @Test(arguments: [
    "deep list", "deep mapping", "deep block", "deep blocks in a line", "laughs", "laughs as a key", "long",
    "many steps", "many names", "long key",
    "long line", "not text",
  ])
  func hugeTextsTakeNoLongTime(kind: String) throws {
    func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
    let laughs = (1...30).map { "a\($0): &a\($0) [\(times("*a\($0 - 1), ", 9))*a\($0 - 1)]" }.joined(
      separator: "\n")
    let text =
      switch kind {
      case "deep list": times("[", 200_000)
      case "deep mapping": times("{a: ", 50_000)
      case "deep block": (0..<600).map { times(" ", $0) + "a:\n" }.joined()
      case "deep blocks in a line": times("- ", 100_000) + "a"
      case "laughs": "a0: &a0 lol\n\(laughs)\nskiff: 1"
      case "laughs as a key": "a0: &a0 lol\n\(laughs)\n? *a30\n: 1\n? *a29\n: 2\n"
      case "long": times("#", 1 << 19)
      case "many steps": "skiff: 1\nsteps: [\(times("{},", 60_000))]"
      case "many names":
        Self.recipe(
          "- weights: {float: float16, names: {\((0..<9000).map { "n\($0): keep" }.joined(separator: ", "))}}"
        )
      case "long key": "skiff: 1\n\(times("k", 100_000)): 1\n"
      case "long line": "skiff: 1\nsteps: [int8: {}] \(times("x", 100_000))"
      default: ""
      }
    let folder = try TemporaryFolder()
    let bytes = kind == "not text" ? Data([0xFF, 0xFE, 0x41, 0xD8]) : Data(text.utf8)
    try bytes.write(to: URL(fileURLWithPath: folder.path("a.recipe")))
    var result: Result<Recipe, any Error>?
    let time = ContinuousClock().measure {
      result = Result { try Recipe(contentsOf: folder.path("a.recipe")) }
    }
    if kind == "many names" {
      #expect(try result?.get().steps.count == 1)
    } else {
      let error = #expect(throws: ModelError.self) { try result?.get() }
      #expect((error?.message.count ?? 0) < 400)
    }
    #expect(time < .seconds(5))
  }

  /// Ampersands that name nothing.
  @Test func ampersandsInsideOfNamesAreText() throws {
    let weights = try weights("{float: float16, names: {a&b: keep, 'c & d': keep, 'e&': keep}}")
    #expect(weights.exceptions.keys.count == 3)
  }
}
