import SkiffBinary
import SkiffONNX
import SkiffTestSupport
import Testing

@Suite struct ModelParsingTests {
  private func parse(_ bytes: [UInt8], limits: Limits = .standard) throws(ModelError) -> ONNXModel {
    try ONNXModel(parsing: ByteRegion(bytes), limits: limits)
  }

  private func failure(_ bytes: [UInt8], limits: Limits = .standard) -> ModelError? {
    do throws(ModelError) {
      _ = try parse(bytes, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test func theSampleIsReadWhole() throws {
    let model = try parse(ModelBytes.sample)
    #expect(model.irVersion == 8)
    #expect(model.operatorSets.map(\.domain) == [""])
    #expect(model.operatorSets.map(\.version) == [13])
    #expect(model.producerName == "tests")
    #expect(model.graph.nodes.map(\.operatorName) == ["Mul", "Add", "Relu", "Reshape"])
    #expect(model.graph.nodes[0].inputs == ["x", "large"])
    #expect(model.graph.initializers.map(\.name) == ["large", "one", "shape"])
    #expect(model.graph.initializers.map(\.shape) == [[2, 150], [], [2]])
    #expect(model.graph.inputs[0].type == .tensor(element: 1, shape: [.symbol("N"), .size(150)]))
  }

  @Test func aLargeTensorIsASliceOfTheFile() throws {
    let region = ByteRegion(ModelBytes.sample)
    let model = try ONNXModel(parsing: region)
    guard case .raw(let bytes) = model.graph.initializers[0].payload else {
      Issue.record("not raw")
      return
    }
    #expect(bytes.count == 1200)
    #expect(try bytes == region.slice(offset: bytes.offset, count: 1200))
    #expect(try bytes.load(at: 4 * 299) == Float(299).bitPattern)
    let start = bytes.withBytes { UInt(bitPattern: $0.baseAddress) }
    #expect(region.withBytes { UInt(bitPattern: $0.baseAddress) } + UInt(bytes.offset) == start)
  }

  @Test func packedAndUnpackedListsReadAlike() throws {
    for count in [3, 1000] {
      let values = (0..<count).map { $0 * 7 - 100 }
      let packed = WireBytes { list in
        for value in values { list.varint(UInt64(bitPattern: Int64(value))) }
      }.bytes
      let model = try parse(
        ModelBytes.model { graph in
          graph.message(5, ModelBytes.integers("unpacked", values))
          graph.message(5) { tensor in
            tensor.delimited(1, WireBytes { $0.varint(UInt64(count)) }.bytes)
            tensor.integer(2, 7)
            tensor.delimited(7, packed)
          }
        })
      for tensor in model.graph.initializers {
        #expect(tensor.shape == [count])
        guard case .integers(let integers) = tensor.payload else {
          Issue.record("not integers")
          return
        }
        var read: [Int] = []
        try integers.forEach { value throws(ModelError) in read.append(Int(truncatingIfNeeded: value)) }
        #expect(read == values)
      }
    }
  }

  @Test func messagesThatNestTooDeepAreRefused() {
    func nested(_ depth: Int) -> [UInt8] {
      var graph = WireBytes { $0.text(2, "innermost") }
      for _ in 0..<depth {
        let inner = graph
        graph = WireBytes { graph in
          graph.message(1) { node in
            node.message(5) { attribute in
              attribute.delimited(6, inner.bytes)
              attribute.integer(20, 5)
            }
          }
        }
      }
      return ModelBytes.model { $0 = graph }
    }
    #expect(failure(nested(10)) == nil)
    #expect(failure(nested(30))?.code == .limitExceeded)
    #expect(failure(nested(3000))?.code == .limitExceeded)
  }

  @Test func manyEmptyMessagesAreRefusedBeforeTheyAreUnpacked() {
    let bytes = ModelBytes.model { graph in for _ in 0..<100_000 { graph.delimited(1, []) } }
    #expect(failure(bytes) == nil)
    #expect(failure(bytes, limits: Limits(structureSize: 1 << 20))?.code == .limitExceeded)
    #expect(failure(bytes, limits: Limits(count: 1000))?.code == .limitExceeded)
  }

  @Test func oneDefectOneError() {
    func graph(_ build: (inout WireBytes) -> Void) -> [UInt8] { ModelBytes.model(build) }
    let defects: [(name: String, bytes: [UInt8], expected: String)] = [
      ("empty", [], "the model has no ir_version"),
      ("no graph", WireBytes { $0.integer(1, 8) }.bytes, "the model has no graph"),
      ("wire type", graph { $0.integer(2, 1) }, "field 'name' of GraphProto has the wrong wire type"),
      ("UTF-8", graph { $0.delimited(2, [0xFF]) }, "field 'name' of GraphProto is not UTF-8 without zeros"),
      (
        "zero", graph { $0.delimited(2, [0x41, 0]) }, "field 'name' of GraphProto is not UTF-8 without zeros"
      ),
      (
        "two types",
        graph {
          $0.message(11) {
            $0.message(2) { _ in }
            $0.message(2) { _ in }
          }
        }, "field 'type' of ValueInfoProto is there twice"
      ),
      (
        "size", graph { $0.message(5) { $0.integer(1, -1) } }, "impossible shape [-1]"
      ),
      (
        "rank", graph { $0.message(5) { for _ in 0..<40 { $0.integer(1, 1) } } },
        "field 'dims' of TensorProto has more than 32 elements"
      ),
      ("group", graph { $0.varint(2 << 3 | 3) }, "19 is not the tag of a field"),
      (
        "attribute", graph { $0.message(1) { $0.message(5) { $0.text(1, "a") } } }, "has no value"
      ),
    ]
    for (name, bytes, expected) in defects {
      #expect(failure(bytes)?.message == expected, "\(name)")
    }
  }

  @Test func theBeginningTellsAModel() throws {
    let sample = ModelBytes.sample
    #expect(ONNXModel.recognizes(prefix: ByteRegion(sample)))
    #expect(ONNXModel.recognizes(prefix: ByteRegion(Array(sample[..<64]))))
    // A Core ML model: a version, then a description with an input.
    let coreML = WireBytes { model in
      model.integer(1, 4)
      model.message(2) { description in description.message(1) { $0.text(1, "image") } }
      model.message(500) { _ in }
    }
    // A Caffe2 net: a name, then operators.
    let caffe2 = WireBytes { net in
      net.text(1, "net")
      net.message(2) { $0.text(1, "data") }
    }
    for other in [coreML.bytes, caffe2.bytes, [], [0x89] + Array("HDF\r\n".utf8), Array("PK\u{3}\u{4}".utf8)]
    {
      #expect(!ONNXModel.recognizes(prefix: ByteRegion(other)))
    }
  }
}
