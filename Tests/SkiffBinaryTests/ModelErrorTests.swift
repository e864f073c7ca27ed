import SkiffBinary
import Testing

@Suite struct ModelErrorTests {
  @Test(arguments: [
    (Location(), "expected 4 integers"),
    (Location(file: "a.onnx"), "a.onnx: expected 4 integers"),
    (
      Location(
        file: "a.onnx", node: .init(name: "Conv_12", operatorName: "Conv", index: 41), attribute: "pads"),
      "a.onnx: node 'Conv_12' (Conv, #41), attribute 'pads': expected 4 integers"
    ),
    (Location(byteOffset: 7, graphPath: ["then", "body"]), "graph 'then/body', byte 7: expected 4 integers"),
    (
      Location(node: .init(name: "", operatorName: "", index: nil), pass: "fold"),
      "pass 'fold', node: expected 4 integers"
    ),
  ])
  func description(location: Location, expected: String) {
    #expect(ModelError(.malformed, "expected 4 integers", at: location).description == expected)
  }

  @Test func outerLayersAddOnlyWhatIsMissing() {
    let inner = ModelError(
      .malformed, "bad", at: Location(byteOffset: 3, graphPath: ["body"], attribute: "k"))
    let outer = inner.located(Location(file: "m", byteOffset: 9, graphPath: ["main"], attribute: "z"))
    #expect(
      outer.location == Location(file: "m", byteOffset: 3, graphPath: ["main", "body"], attribute: "k"))
  }

  @Test func notesFollowOnTheirOwnLines() {
    #expect(ModelError(.malformed, "bad", notes: ["a", "b"]).description == "bad\n  note: a\n  note: b")
  }
}
