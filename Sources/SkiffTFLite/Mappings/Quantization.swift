import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// The boundary between real numbers and integers.
  static let quantization: [Mapping] = [
    Mapping(
      "QUANTIZE", Quantize.self,
      read: { (reader) throws(ModelError) in
        guard let type = reader.resultTypes.first ?? nil, type.isQuantized else {
          throw ModelError(.malformed, "the result has no quantization parameters")
        }
        var quantize = Quantize()
        quantize.dataType = type.dataType
        return [try reader.add(quantize, reader.inputs)]
      },
      write: { (_, writer) throws(ModelError) in
        try writer.emit("QUANTIZE", options: FlatObject("QuantizeOptions"))
        return true
      }),
    // Constants without their zeros are filled up where they are read.
    Mapping(
      "DENSIFY", Identity.self, accepts: { _, _, _ in false },
      read: { (reader) throws(ModelError) in [try reader.input(0)] }, write: { _, _ in false }),
    Mapping(plain: "DEQUANTIZE", Dequantize.self, options: "DequantizeOptions"),
  ]
}
