import Foundation
import SkiffBinary
import SkiffNumPy
import SkiffTestSupport
import Testing

/// The command on bad input: one line that names the place, as a compiler prints it, the right exit code, and nothing
/// left behind.
@Suite struct BadInputTests {
  /// A call of the command in a folder with files, and how it must end.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let arguments: [String]
    let files: [String: [UInt8]]
    var exitCode: Int32 = 1
    /// What the error says; it begins with the place.
    let message: String

    /// - Parameter files: By name; arguments that are names of files or begin with `out` become paths in the folder.
    init(
      _ name: String, _ arguments: String, _ files: [String: [UInt8]], exits exitCode: Int32 = 1,
      _ message: String
    ) {
      self.name = name
      self.arguments = arguments.split(separator: " ").map(String.init)
      self.files = files
      self.exitCode = exitCode
      self.message = message
    }

    var testDescription: String { name }
  }

  /// A limit that is too low ends the command as an error does, one that is high enough changes nothing.
  @Test func memoryIsLimited() throws {
    let folder = try TemporaryFolder()
    let (model, output) = (TestModel.path("torch.opset17.onnx"), folder.path("out.skiff"))
    let skiff = try Product.path("skiff")
    let refused = try processResult(skiff, ["convert", model, "-o", output, "--max-memory", "100K"])
    #expect(refused.exitCode == 1 && refused.output.isEmpty)
    #expect(refused.errorOutput == "error: needs more memory than --max-memory 100K\n")
    #expect(try folder.contents().isEmpty)
    // Where there is memory for the model but not for the stack of a thread, work is done without one; where there is less, it
    // may be a library that gets none.
    for limit in stride(from: 260, to: 800, by: 20).map({ "\($0)K" }) + [
      "1M", "2M", "4M", "7M", "10M", "14M", "18M",
    ] {
      let result = try processResult(skiff, ["convert", model, "-o", output, "--max-memory", limit])
      #expect(result.exitCode == 0 || result.errorOutput.hasSuffix("--max-memory \(limit)\n"), "\(limit)")
    }
    let done = try processResult(skiff, ["convert", model, "-o", output, "--max-memory=2Gi"])
    #expect(done.exitCode == 0 && done.errorOutput.isEmpty, "\(done.errorOutput)")
    #expect(done.output.contains("certificate: holds"))
    // What the command says otherwise, and its code, come through.
    let missing = try processResult(skiff, ["inspect", folder.path("missing.onnx"), "--max-memory", "2G"])
    #expect(missing.exitCode == 1 && missing.errorOutput.contains("missing.onnx: cannot open"))
    let odd = folder.path("Fatal error: .onnx")
    let told = try processResult(skiff, ["inspect", odd, "--max-memory", "2G"])
    #expect(told.exitCode == 1 && told.errorOutput.contains("Fatal error: .onnx: cannot open"))
    #expect(try processResult(skiff, ["inspect", model, "--max-memory", "many"]).exitCode == 64)
  }

  @Test(arguments: Self.files + Self.models + Self.archives + Self.samples + Self.recipes + Self.usage)
  func badInputIsNamedAndLeavesNothing(subject: Case) throws {
    let folder = try TemporaryFolder()
    for (name, bytes) in subject.files {
      let url = folder.url.appendingPathComponent(name)
      if name.hasSuffix("/") {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
      } else {
        try Data(bytes).write(to: url)
      }
    }
    let before = try folder.contents()
    let arguments = subject.arguments.map { argument in
      argument.hasPrefix("@") ? folder.path(String(argument.dropFirst())) : argument
    }
    let result = try processResult(
      Product.path("skiff"), arguments, environment: ["SWIFT_BACKTRACE": "enable=no"], timeout: .seconds(60))
    #expect(result.exitCode == subject.exitCode, "\(result.ending): \(result.errorOutput)")
    // What could be written but not be run is there, whole, and the error says so.
    let isUnchecked = result.errorOutput.contains("is written, but not checked")
    #expect(try folder.contents().filter { !(isUnchecked && $0 == "out.skiff") } == before)
    let lines = result.errorOutput.split(separator: "\n").map { line in
      line.replacingOccurrences(of: folder.path("x").dropLast(), with: "@")
    }
    let first = lines.first { !$0.hasPrefix("warning:") } ?? ""
    // Of a check that fails the report tells, of usage the parser.
    guard subject.exitCode == 1 else { return }
    #expect(first.hasPrefix("error: "), "\(result.errorOutput)")
    #expect(first.contains(subject.message), "expected \(subject.message), found \(first)")
  }

  // MARK: Files that are none

  static let files: [Case] = [
    Case("missing", "inspect @none.onnx", [:], "@none.onnx: "),
    Case("a folder", "inspect @", [:], ": is not a regular file"),
    Case("empty", "inspect @a.onnx", ["a.onnx": []], "@a.onnx: "),
    Case("noise", "inspect @a.onnx", ["a.onnx": [UInt8](0...255)], "@a.onnx: "),
    Case("text", "check @a.tflite", ["a.tflite": Array("hello world\n".utf8)], "@a.tflite: "),
    Case("JSON of something", "inspect @a.json", ["a.json": Array("{\"a\": [1, 2]}".utf8)], "@a.json: "),
    Case(
      "JSON of great depth", "inspect @a.json",
      ["a.json": Array(String(repeating: "[", count: 100_000).utf8)], "@a.json: "),
    Case(
      "HDF5 of nothing", "inspect @a.h5",
      ["a.h5": [0x89] + Array("HDF\r\n\u{1a}\n".utf8) + [UInt8](repeating: 0, count: 100)], "@a.h5: "),
    Case("half of an edge file", "check @a.skiff", ["a.skiff": half("residual.skiff")], "@a.skiff: "),
    Case(
      "half of a TensorFlow Lite file", "check @a.tflite", ["a.tflite": half("residual.int8.tflite")],
      "@a.tflite: "),
    Case("half of a Keras archive", "check @a.keras", ["a.keras": half("hard.keras")], "@a.keras: "),
    Case("half of an HDF5 file", "check @a.h5", ["a.h5": half("hard.keras2.h5")], "@a.h5: "),
    Case(
      "no folder for the output", "convert @a.onnx -o @none/out.skiff", ["a.onnx": relu], "@none/out.skiff: "),
    Case(
      "a folder as output", "convert @a.onnx -o @out.skiff", ["a.onnx": relu, "out.skiff/": []],
      "@out.skiff: cannot write"),
    Case(
      "weights beside a model that has its own", "convert @a.onnx --weights @a.onnx -o @out.skiff",
      ["a.onnx": relu], "@a.onnx: a file of weights goes with a model of Keras"),
    Case(
      "16 bits in an edge file", "convert @a.onnx --float16 -o @out.skiff", ["a.onnx": relu],
      "take no weights rounded to 16 bits"),
    Case("no format for the output", "convert @a.onnx -o @out.xyz", ["a.onnx": relu], "@out.xyz: "),
    Case(
      "a device that is full", "convert @a.onnx -o /dev/full.skiff/x.skiff", ["a.onnx": relu],
      "/dev/full.skiff/x.skiff: "),
  ]

  /// The first half of a file of TestModels; of an edge file only its header, which says enough.
  private static func half(_ name: String) -> [UInt8] {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: TestModel.path(name))) else {
      return [0x89] + Array("SKIFF\n\u{1a}".utf8)
    }
    return Array(data.prefix(data.count / 2))
  }

  static let relu = ModelBytes.model { graph in
    graph.message(1, ModelBytes.node("Relu", ["x"], ["y"]))
    graph.message(11, ModelBytes.valueInfo("x", ["N", 4]))
    graph.message(12, ModelBytes.valueInfo("y", ["N", 4]))
  }

  // MARK: Models that cannot be

  /// A model of nodes and initializers between `x` and `y`.
  private static func model(
    x: [Any] = [1, 4], nodes: [(inout WireBytes) -> Void], initializers: [(inout WireBytes) -> Void] = []
  ) -> [String: [UInt8]] {
    [
      "a.onnx": ModelBytes.model { graph in
        for node in nodes { graph.message(1, node) }
        for initializer in initializers { graph.message(5, initializer) }
        graph.message(11, ModelBytes.valueInfo("x", x))
        graph.message(12, ModelBytes.valueInfo("y", ["M", "K"]))
      }
    ]
  }

  private static func convert(_ name: String, _ files: [String: [UInt8]], _ message: String) -> Case {
    Case(name, "convert @a.onnx -o @out.skiff", files, message)
  }

  static let models: [Case] = [
    convert(
      "a cycle",
      model(nodes: [
        ModelBytes.node("Add", ["x", "b"], ["a"]), ModelBytes.node("Relu", ["a"], ["b"]),
        ModelBytes.node("Relu", ["b"], ["y"]),
      ]),
      "@a.onnx: node 'the_"),
    convert(
      "an input that nothing makes", model(nodes: [ModelBytes.node("Add", ["x", "none"], ["y"])]),
      "@a.onnx: node 'the_Add'"),
    convert(
      "an output that nothing makes", model(nodes: [ModelBytes.node("Relu", ["x"], ["z"])]), "@a.onnx: "),
    convert(
      "a value that two nodes make",
      model(nodes: [ModelBytes.node("Relu", ["x"], ["y"]), ModelBytes.node("Abs", ["x"], ["y"])]),
      "@a.onnx: node 'the_Abs'"),
    convert(
      "an unknown operator", model(nodes: [ModelBytes.node("Frobnicate", ["x"], ["y"])]),
      "@a.onnx: node 'the_Frobnicate'"),
    convert(
      "too few operands", model(nodes: [ModelBytes.node("Add", ["x"], ["y"])]), "@a.onnx: node 'the_Add'"),
    convert(
      "an attribute of another kind",
      model(nodes: [ModelBytes.node("Softmax", ["x"], ["y"], ModelBytes.attribute("axis", "one"))]),
      "@a.onnx: node 'the_Softmax'"),
    convert(
      "an axis that is not there",
      model(nodes: [ModelBytes.node("Softmax", ["x"], ["y"], ModelBytes.attribute("axis", .min))]),
      "@a.onnx: node 'the_Softmax'"),
    convert(
      "a huge input", model(x: [Int.max, Int.max], nodes: [ModelBytes.node("Flatten", ["x"], ["y"])]),
      "@a.onnx: "),
    convert(
      "an initializer of the wrong size",
      model(
        nodes: [ModelBytes.node("Add", ["x", "w"], ["y"])],
        initializers: [ModelBytes.tensor("w", [1 << 40], [1])]),
      "tensor 'w'"),
    convert(
      "a computed size beyond all limits",
      model(
        nodes: [ModelBytes.node("Expand", ["x", "s"], ["y"])],
        initializers: [ModelBytes.integers("s", [1 << 40, 1 << 20, 4])]),
      "@a.onnx: node 'the_Expand'"),
    convert(
      "external data outside of the folder",
      model(
        nodes: [ModelBytes.node("Add", ["x", "w"], ["y"])], initializers: [external("../../etc/passwd")]),
      "tensor 'w'"),
    convert(
      "external data by an absolute path",
      model(nodes: [ModelBytes.node("Add", ["x", "w"], ["y"])], initializers: [external("/etc/passwd")]),
      "tensor 'w'"),
    convert(
      "external data that is missing",
      model(nodes: [ModelBytes.node("Add", ["x", "w"], ["y"])], initializers: [external("none.bin")]),
      "tensor 'w'"),
    convert(
      "external data in a folder",
      model(nodes: [ModelBytes.node("Add", ["x", "w"], ["y"])], initializers: [external(".")]),
      "tensor 'w'"),
  ]

  private static func external(_ location: String) -> (inout WireBytes) -> Void {
    { tensor in
      tensor.integer(1, 4)
      tensor.integer(2, 1)
      tensor.text(8, "w")
      tensor.message(13) {
        $0.text(1, "location")
        $0.text(2, location)
      }
      tensor.integer(14, 1)
    }
  }

  // MARK: Archives

  private static let bomb: [UInt8] = {
    var member = ZipBytes.Member("x.npy", [], deflated: [0x03, 0x00])
    member.size = .max - 1
    return ZipBytes(member).bytes
  }()

  static let archives: [Case] = [
    Case(
      "a bomb", "run @a.onnx --input @a.npz --output @out.npz", ["a.onnx": relu, "a.npz": bomb], "@a.npz: "),
    Case(
      "a name that leads out", "run @a.onnx --input @a.npz --output @out.npz",
      ["a.onnx": relu, "a.npz": ZipBytes(.init("x.npy", good), .init("../evil.npy", good)).bytes], "@a.npz: "),
    Case("an archive of nothing", "inspect @a.keras", ["a.keras": ZipBytes().bytes], "@a.keras: "),
  ]

  // MARK: Samples

  static func npy(_ values: [Float], shape: [Int]) -> [UInt8] {
    let sizes = shape.map { "\($0)," }.joined()
    return npy(description: "<f4", "(\(sizes))", values.withUnsafeBytes { Array($0) })
  }

  static func npy(description: String, _ shape: String, _ data: [UInt8]) -> [UInt8] {
    let header = "{'descr': '\(description)', 'fortran_order': False, 'shape': \(shape), }"
    let padded = header + String(repeating: " ", count: 117 - header.count) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8) + data
  }

  private static func calibrated(
    _ name: String, _ samples: [UInt8], _ message: String, model: [UInt8] = weighted([0.5, 1, -1, 2])
  ) -> Case {
    Case(
      name, "convert @a.onnx -o @out.tflite --quantize int8 --calibrate @s.npy",
      ["a.onnx": model, "s.npy": samples], message)
  }

  /// A product with a constant of four elements.
  static func weighted(_ weights: [Float]) -> [UInt8] {
    ModelBytes.model { graph in
      graph.message(1, ModelBytes.node("MatMul", ["x", "w"], ["y"]))
      graph.message(5, ModelBytes.tensor("w", [4, 1], weights))
      graph.message(11, ModelBytes.valueInfo("x", ["N", 4]))
      graph.message(12, ModelBytes.valueInfo("y", ["N", 1]))
    }
  }

  static let good = npy([1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 4])

  static let samples: [Case] = [
    calibrated("no samples", npy([], shape: [0, 4]), "@s.npy: "),
    calibrated("samples with a NaN", npy([1, 2, .nan, 4], shape: [1, 4]), "'x'"),
    calibrated("samples with an infinity", npy([1, 2, .infinity, 4], shape: [1, 4]), "'x'"),
    calibrated("samples of another shape", npy([1, 2, 3], shape: [1, 3]), "@s.npy: tensor 'x'"),
    calibrated(
      "samples of another type", npy(description: "<i8", "(1,1)", [UInt8](repeating: 1, count: 8)),
      "@s.npy: tensor 'x'"),
    calibrated("samples whose header lies", npy(description: "<f4", "(1000000000000,4)", []), "@s.npy: "),
    calibrated("samples of objects", npy(description: "|O", "(1,4)", []), "@s.npy: "),
    calibrated("weights with a NaN", good, "@a.onnx: node 'the_MatMul'", model: weighted([1, .nan, 2, 3])),
    calibrated(
      "weights with an infinity", good, "@a.onnx: node 'the_MatMul'", model: weighted([1, -.infinity, 2, 3])),
    Case(
      "samples under another name", "run @a.onnx --input @s.npz --output @out.npz",
      ["a.onnx": relu, "s.npz": ZipBytes(.init("z.npy", good)).bytes], "@s.npz: tensor 'z'"),
    Case(
      "no output folder for a run", "run @a.onnx --input @s.npy --output @none/out.npz",
      ["a.onnx": relu, "s.npy": good], "@none/out.npz: "),
    Case(
      "models with other inputs", "compare @a.onnx @b.onnx --input @s.npy",
      ["a.onnx": relu, "b.onnx": renamed, "s.npy": good], "tensor 'z': expected"),
    Case(
      "models that differ", "compare @a.onnx @b.onnx --input @s.npy --max-error 0.01",
      ["a.onnx": relu, "b.onnx": negated, "s.npy": good], exits: 2, ""),
  ]

  private static let renamed = ModelBytes.model { graph in
    graph.message(1, ModelBytes.node("Relu", ["z"], ["y"]))
    graph.message(11, ModelBytes.valueInfo("z", ["N", 3]))
    graph.message(12, ModelBytes.valueInfo("y", ["N", 3]))
  }

  private static let negated = ModelBytes.model { graph in
    graph.message(1, ModelBytes.node("Neg", ["x"], ["y"]))
    graph.message(11, ModelBytes.valueInfo("x", ["N", 4]))
    graph.message(12, ModelBytes.valueInfo("y", ["N", 4]))
  }

  // MARK: Usage

  static let usage: [Case] = [
    Case("no model", "inspect", [:], exits: 64, ""),
    Case("an unknown option", "inspect @a.onnx --frobnicate", ["a.onnx": relu], exits: 64, ""),
    Case("sizes that are no numbers", "inspect @a.onnx --input-shape x=1,a", ["a.onnx": relu], exits: 64, ""),
    Case("negative sizes", "inspect @a.onnx --input-shape x=-1,4", ["a.onnx": relu], exits: 64, ""),
    Case(
      "sizes beyond all integers", "inspect @a.onnx --input-shape x=99999999999999999999", ["a.onnx": relu],
      exits: 64, ""),
    Case(
      "sizes of no input", "inspect @a.onnx --input-shape z=1,4", ["a.onnx": relu],
      "@a.onnx: there is no input 'z'"),
    Case(
      "sizes that contradict", "inspect @a.onnx --input-shape x=1,5", ["a.onnx": relu], "@a.onnx: tensor 'x'"),
    Case(
      "huge sizes", "convert @a.onnx -o @out.skiff --input-shape x=9223372036854775807,4", ["a.onnx": relu],
      "@a.onnx: "),
    Case(
      "quantization without samples", "convert @a.onnx -o @out.skiff --quantize int8", ["a.onnx": relu],
      exits: 64, ""),
    Case(
      "16 bits without samples", "convert @a.onnx -o @out.skiff --quantize int16", ["a.onnx": relu],
      exits: 64, ""),
    Case(
      "a range that is none", "convert @a.onnx -o @out.skiff --quantize int8 --calibrate @s.npy --range most",
      ["a.onnx": relu], exits: 64, ""),
    Case(
      "two ranges",
      "convert @a.onnx -o @out.skiff --quantize int8 --calibrate @s.npy --range mse --percentile 99",
      ["a.onnx": relu], exits: 64, ""),
    Case(
      "a range of what has none", "convert @a.onnx -o @out.skiff --quantize dynamic --range mse",
      ["a.onnx": relu], exits: 64, ""),
    Case(
      "an interface of other integers",
      "convert @a.onnx -o @out.skiff --quantize int16 --calibrate @s.npy --io int8", ["a.onnx": relu],
      exits: 64, ""),
  ]
}
