/// The bytes of .onnx files, written field by field for tests.
package enum ModelBytes {
  /// A type of values: float32 with these sizes or symbols.
  package static func valueInfo(_ name: String, _ shape: [Any], element: Int = 1) -> (inout WireBytes) -> Void
  {
    { info in
      info.text(1, name)
      info.message(2) { type in
        type.message(1) { tensor in
          tensor.integer(1, element)
          tensor.message(2) { list in
            for dimension in shape {
              list.message(1) {
                if let size = dimension as? Int { $0.integer(1, size) }
                if let symbol = dimension as? String { $0.text(2, symbol) }
              }
            }
          }
        }
      }
    }
  }

  /// A float32 tensor with raw data.
  package static func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> (inout WireBytes) -> Void {
    { tensor in
      for size in shape { tensor.integer(1, size) }
      tensor.integer(2, 1)
      tensor.text(8, name)
      tensor.delimited(9, values.withUnsafeBytes { Array($0) })
    }
  }

  /// An int64 tensor with unpacked data.
  package static func integers(_ name: String, _ values: [Int]) -> (inout WireBytes) -> Void {
    { tensor in
      tensor.integer(1, values.count)
      tensor.integer(2, 7)
      tensor.text(8, name)
      for value in values { tensor.integer(7, value) }
    }
  }

  package static func node(
    _ operatorName: String, _ inputs: [String], _ outputs: [String], domain: String = "",
    _ attributes: (inout WireBytes) -> Void...
  ) -> (inout WireBytes) -> Void {
    { node in
      for input in inputs { node.text(1, input) }
      for output in outputs { node.text(2, output) }
      node.text(3, "the_\(operatorName)")
      node.text(4, operatorName)
      for attribute in attributes { node.message(5, attribute) }
      if !domain.isEmpty { node.text(7, domain) }
    }
  }

  package static func attribute(_ name: String, _ value: Int) -> (inout WireBytes) -> Void {
    { attribute in
      attribute.text(1, name)
      attribute.integer(3, value)
      attribute.integer(20, 2)
    }
  }

  package static func attribute(_ name: String, _ values: [Int]) -> (inout WireBytes) -> Void {
    { attribute in
      attribute.text(1, name)
      for value in values { attribute.integer(8, value) }
      attribute.integer(20, 7)
    }
  }

  package static func attribute(_ name: String, _ value: String) -> (inout WireBytes) -> Void {
    { attribute in
      attribute.text(1, name)
      attribute.text(4, value)
      attribute.integer(20, 3)
    }
  }

  package static func attribute(_ name: String, _ value: Float) -> (inout WireBytes) -> Void {
    { attribute in
      attribute.text(1, name)
      attribute.real(2, value)
      attribute.integer(20, 1)
    }
  }

  package static func model(opset: Int = 13, irVersion: Int = 8, _ graph: (inout WireBytes) -> Void)
    -> [UInt8]
  {
    WireBytes { model in
      model.integer(1, irVersion)
      model.text(2, "tests")
      model.message(7, graph)
      model.message(8) {
        $0.text(1, "")
        $0.integer(2, opset)
      }
    }.bytes
  }

  /// `relu(x · [300 numbers] + 1)` reshaped: large and small leaves, attributes, symbols.
  package static let sample = model { graph in
    graph.message(1, node("Mul", ["x", "large"], ["a"]))
    graph.message(1, node("Add", ["a", "one"], ["b"]))
    graph.message(1, node("Relu", ["b"], ["c"]))
    graph.message(1, node("Reshape", ["c", "shape"], ["d"], attribute("allowzero", 0)))
    graph.text(2, "sample")
    graph.message(5, tensor("large", [2, 150], (0..<300).map(Float.init)))
    graph.message(5, tensor("one", [], [1]))
    graph.message(5, integers("shape", [-1, 10]))
    graph.message(11, valueInfo("x", ["N", 150]))
    graph.message(12, valueInfo("d", ["M", 10]))
  }
}
