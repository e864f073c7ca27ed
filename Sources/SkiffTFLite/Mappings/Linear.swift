import SkiffBinary
import SkiffIR
import SkiffOperators

extension Dialect {
  /// Matrix products.
  static let linear: [Mapping] = [
    Mapping(
      "FULLY_CONNECTED", FullyConnected.self,
      read: { (reader) throws(ModelError) in
        guard reader.options.enumerator("weights_format") ?? "DEFAULT" == "DEFAULT" else {
          throw ModelError(
            .unsupported, "shuffled weights are not supported", at: Location(attribute: "weights_format"))
        }
        var dense = FullyConnected()
        dense.activation = try reader.activation()
        dense.quantizesAsymmetrically = reader.options.boolean("asymmetric_quantize_inputs")
        let (input, weights) = (try reader.type(0), try reader.type(1))
        guard weights.rank == 2, let depth = weights.shape[1].fixed else {
          throw ModelError(.malformed, "weights \(weights.shape)")
        }
        var operand = try reader.input(0)
        // Without keep_num_dims all axes of the input but those that make up the depth are one.
        if !reader.options.boolean("keep_num_dims"), input.rank != 2 || input.shape[1] != weights.shape[1] {
          operand = try reader.addIntermediate(Reshape(), [operand, reader.constant([-1, depth])])
        }
        return [
          try reader.add(dense, [operand, reader.input(1), reader.bias(2)] + reader.inputs.dropFirst(3))
        ]
      },
      write: { (dense, writer) throws(ModelError) in
        let rank = try writer.type(0).rank
        // Kernels leave the result as it is, without the bias.
        guard try writer.type(1).shape.dimensions.last != .fixed(0) else {
          throw ModelError(.unsupported, "a sum of nothing")
        }
        var options = FlatObject("FullyConnectedOptions")
          .setting("fused_activation_function", to: FusedActivation.formatNames[dense.activation] ?? "NONE")
        if rank != 2 { options["keep_num_dims"] = .integer(1) }
        if dense.quantizesAsymmetrically { options["asymmetric_quantize_inputs"] = .integer(1) }
        var operands = [try writer.required(0), try writer.required(1)]
        if let bias = try writer.optional(2) { operands.append(bias) }
        // A left-out bias and an operand fewer are different versions; the former is the older one.
        if operands.count == 2 { operands.append(-1) }
        options = try writer.saying(biasType: operands[2], in: options)
        try writer.emit("FULLY_CONNECTED", operands, [writer.result(0)], options)
        return true
      }),
    Mapping(
      "BATCH_MATMUL", MatrixMultiply.self,
      accepts: { _, node, graph in
        node.inputs.prefix(2).allSatisfy { $0.flatMap { graph[$0].type?.rank } ?? 0 >= 2 }
      },
      read: { (reader) throws(ModelError) in
        var product = MatrixMultiply()
        product.transposesA = reader.options.boolean("adj_x")
        product.transposesB = reader.options.boolean("adj_y")
        return [try reader.add(product, reader.inputs)]
      },
      write: { (product, writer) throws(ModelError) in
        let options = FlatObject(
          "BatchMatMulOptions",
          [
            "adj_x": .integer(product.transposesA ? 1 : 0), "adj_y": .integer(product.transposesB ? 1 : 0),
          ])
        try writer.emit("BATCH_MATMUL", options: options)
        return true
      }),
  ]
}
