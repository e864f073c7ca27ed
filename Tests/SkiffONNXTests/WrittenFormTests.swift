import SkiffBinary
import SkiffIR
import SkiffInterpreter
import SkiffNumPy
import SkiffONNX
import SkiffOperators
import SkiffTestSupport
import Testing

/// What ONNX Runtime has no kernel for, or computes in another way, is written in a form that it runs, and in no other type.
@Suite struct WrittenFormTests {
  private static let inputsAndNodes = [
    ("i64[2,8,2,3]", "DepthToSpace(%x) {blockSize = 2}"),
    ("u64[2,8,2,3]", "DepthToSpace(%x) {blockSize = 2, order = \"channelFirst\"}"),
    ("i64[2,2,3,8]", "DepthToSpace(%x) {layout = \"last\", blockSize = 2}"),
    ("i32[2,2,3,8]", "DepthToSpace(%x) {layout = \"last\", blockSize = 2, order = \"channelFirst\"}"),
    ("i64[2,3,4,6]", "SpaceToDepth(%x) {blockSize = 2}"),
    ("i64[2,4,6,3]", "SpaceToDepth(%x) {layout = \"last\", blockSize = 2}"),
    ("i16[2,4,6,3]", "SpaceToDepth(%x) {layout = \"last\", blockSize = 2}"),
    ("i64[2,8,0,3]", "DepthToSpace(%x) {blockSize = 2}"),
    ("i64[N,8,2,3]", "DepthToSpace(%x) {blockSize = 2}"),
    ("i64[N,4,6,3]", "SpaceToDepth(%x) {layout = \"last\", blockSize = 2}"),
    ("f32[2,4,0,3]", "SpaceToBatch(%x) {blockSizes = [2, 1]}"),
    ("i32[4,3]", "Unique(%x)"), ("u8[4,3]", "Unique(%x) {axis = 1}"),
    ("f64[3,4]", "LeakyRelu(%x) {alpha = 0.3}"), ("f64[3,4]", "PRelu(%x, %slope)"),
    ("f32[3,4,2]", "ReverseSequence(%x, %lengths) {timeAxis = 1, batchAxis = 2}"),
    ("f32[2,3,4]", "ReverseSequence(%x, %lengths) {timeAxis = 2, batchAxis = 0}"),
    ("f32[3,2,4]", "ReverseSequence(%x, %lengths) {timeAxis = 0, batchAxis = 1}"),
    (
      "f32[1,7,8,2]",
      "AveragePool(%x) {layout = \"last\", size = [1, 2], strides = [3, 4], padding = \"sameUpper\"}"
    ),
    (
      "f32[1,7,8,2]",
      "AveragePool(%x) {layout = \"last\", size = [2, 1], strides = [4, 3], padding = \"sameLower\"}"
    ),
    (
      "f32[1,7,8,2]",
      "MaxPool(%x) {layout = \"last\", size = [1, 2], strides = [3, 4], padding = \"sameUpper\"}"
    ),
  ]

  @Test(.needsPeer(.check), arguments: inputsAndNodes) func theRuntimeComputesTheSame(
    input: String, node: String
  ) throws {
    let graph = try Graph(
      text: """
        graph (%x: \(input)) -> (y: %y) {
          %slope = constant f64[4] = [0.5, -0.5, 0.1, 2.0]
          %lengths = constant i64[2] = [3, 2]
          %y\(node.hasPrefix("Unique") ? ", %indices, %inverse, %counts" : "") = \(node)
        }
        """, catalog: .standard)
    let folder = try TemporaryFolder()
    let path = folder.path("net.onnx")
    try ONNXExporter.write(graph, to: path)
    try Peer.check.run("onnx_check.py", [path])
    let type = try #require(graph[graph.inputs[0]].type)
    let shape = try #require(type.shape.binding(["N": 2]).fixed)
    let x = try Tensor(seed: 5, type.dataType, shape: shape)
    let results = try Peer.check.outputs(of: path, under: "ort_run.py", inputs: [["x": NumPyArray(x)]])
    let own = try #require(try Session(Plan(graph, inputShapes: ["x": shape])).run(["x": x])["y"])
    let expected = try #require(results[0]["y"])
    #expect(expected.type == NumPyType(own.dataType) && expected.shape == own.shape)
    let theirs = try Tensor(own.dataType, shape: own.shape, bytes: expected.bytes)
    guard own.dataType.isFloatingPoint else { return #expect(theirs.bytes == own.bytes) }
    for (a, b) in zip(try own.doubles(), try theirs.doubles()) { #expect(abs(a - b) <= 1e-6 * abs(b)) }
  }

  /// Where no scales are left, a cast gives the integers as real numbers, not what they stand for.
  @Test(.needsPeer(.check)) func integersWithoutScalesAreIntegers() throws {
    let graph = try Graph(
      text: """
        graph (%x: i8[2]q(0.5:3)) -> (y: %y, z: %z) {
          %q = constant i8[2,2]q(axis 0;0.5:0,0.25:0) = [1, 2, 3, 4]
          %y = Cast(%x) {dataType = "f32"}
          %r = Reverse(%q) {axes = [0]}
          %z = Cast(%r) {dataType = "f32"}
        }
        """, catalog: .standard)
    let folder = try TemporaryFolder()
    let path = folder.path("net.onnx")
    try ONNXExporter.write(graph, to: path)
    let x = try NumPyArray([-7, 9] as [Int8], shape: [2])
    let result = try Peer.check.outputs(of: path, under: "ort_run.py", inputs: [["x": x]])[0]
    #expect(try result["y"]?.elements(as: Float.self) == [-7, 9])
    #expect(try result["z"]?.elements(as: Float.self) == [3, 4, 1, 2])
  }
}
