import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffTestSupport

/// Models for the tests of the format.
enum EdgeExamples {
  static let text = """
    graph @net (%x: f32[N,4]) -> ("the output": %y) {
      %w = constant f32[4] = [1.0, 2.0, 3.0, 4.0]
      %tied = constant f32[2,2] = [1.0, 2.0, 3.0, 4.0]
      %packed = constant i32[6] packed(3) = [1, -2, 3, -4, 0, 1]
      %q = constant i8[2]q(axis 0;0.5:0,0.25:0) = [-128, 127]
      %empty = constant f32[0] = []
      %t = Everything(%x, none, %w, %tied, %packed, %q) {integers = [2, 2], text = "a"} : f32[N,4] @ "Conv_12" from Conv #3
      %y = Foreign(%t, %empty) {dialect = "d", kind = "K"} with {a = [0.5], b = none} : f32[2*N-1,?]
    }
    """

  /// A model that has a little of everything.
  static func model() throws -> EdgeModel {
    EdgeModel(
      try Graph(text: text, catalog: .testing),
      contract: EdgeContract(
        inputs: [.init(description: "an image", layout: "NC", scale: [0.5], offset: [-1])],
        outputs: [.init(labels: ["cat", "dog"])]),
      provenance: EdgeProvenance(
        source: "net.onnx", sourceFormat: "onnx", sourceDigest: Digest(of: [1, 2, 3]), recipe: "int8",
        calibrationDigest: Digest(of: [4]), producer: "skiff"),
      examples: [
        EdgeExample(
          inputs: [Tensor([1, 2, 3, 4] as [Float], shape: [1, 4])],
          outputs: [Tensor([7] as [Float], shape: [1, 1])])
      ])
  }
}
