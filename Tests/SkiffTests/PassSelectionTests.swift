import Skiff
import SkiffBinary
import SkiffIR
import SkiffOperators
import Testing

@Suite struct PassSelectionTests {
  /// `relu(pad(x) ∗ w)`.
  private func model() throws -> Model {
    try Model(
      Graph(
        text: """
          graph @t (%x: f32[1,1,4,4]) -> (y: %y) {
            %w = constant f32[1,1,1,1] = [2.0]
            %pads = constant i64[8] = [0, 0, 1, 1, 0, 0, 1, 1]
            %p = Pad(%x, %pads) : f32[1,1,6,6]
            %c = Convolution(%p, %w) : f32[1,1,6,6]
            %y = Relu(%c) : f32[1,1,6,6]
          }
          """, catalog: .standard))
  }

  private func operators(_ selection: PassSelection) throws -> [String] {
    var model = try model()
    model.passes = selection
    try model.prepare()
    return model.graph.nodeIDs.map { type(of: model.graph[$0].operator).name }
  }

  @Test func namesAreListedOnce() {
    let names = PassSelection.names
    #expect(names.contains("fuse-pad") && names.contains("assign-channels-last"))
    #expect(Set(names).count == names.count)
  }

  @Test func onlyChosenPassesRun() throws {
    #expect(try operators(PassSelection(names: [])) == ["Pad", "Convolution", "Relu"])
    #expect(try operators(PassSelection(names: ["fuse-pad"])) == ["Convolution", "Relu"])
    #expect(try operators(PassSelection(names: ["fuse-activation"])) == ["Pad", "Convolution"])
  }

  @Test func nothingRunsAfterTheLastPass() throws {
    #expect(try operators(PassSelection(stoppingAfter: "fuse-pad")) == ["Convolution", "Relu"])
    #expect(try operators(PassSelection(stoppingAfter: "fuse-activation")) == ["Convolution"])
    #expect(
      try operators(PassSelection(names: ["fuse-activation"], stoppingAfter: "fuse-pad")) == [
        "Pad", "Convolution", "Relu",
      ])
  }

  @Test func unknownNamesAreRefused() {
    for make in [{ try PassSelection(names: ["fuse-everything"]) }, { try PassSelection(stoppingAfter: "") }]
    {
      #expect { try make() } throws: { ($0 as? ModelError)?.code == .invalidArgument }
    }
  }
}
