import SkiffBinary

extension TFLiteModel {
  /// Reads a file's bytes; the data of its buffers is not copied.
  ///
  /// - Throws: ``ModelError/Code/truncated`` or ``ModelError/Code/malformed`` for bytes that are no such file,
  ///   ``ModelError/Code/unsupported`` for data in other files.
  package init(parsing region: ByteRegion, limits: Limits = .standard) throws(ModelError) {
    let root = try FlatTable.root(of: region, schema: .tflite, limits: limits)
    version = try root.integer("version")
    guard version == 3 else {
      throw ModelError(.unsupported, "version \(version) of the format; expected 3")
    }
    guard try (root.tables("external_buffers") ?? []).isEmpty else {
      throw ModelError(.unsupported, "the model keeps data in other files")
    }
    description = try root.string("description")
    operatorCodes = try root.each("operator_codes", OperatorCode.init)
    buffers = try root.each("buffers") { (table) throws(ModelError) in
      Buffer.data(try table.data(inline: "data", offset: "offset", size: "size", of: region) ?? .empty)
    }
    subgraphs = try root.each("subgraphs") { (table) throws(ModelError) in
      try Subgraph(table, of: region, limits: limits)
    }
    metadata = try root.each("metadata") { (table) throws(ModelError) in
      Metadata(name: try table.string("name"), buffer: try table.integer("buffer"))
    }
    metadataBuffers = try root.integers("metadata_buffer") ?? []
    signatures = try root.each("signature_defs", Signature.init)
    try verify()
  }

  /// Checks that every number that refers to something refers to something that is there.
  private func verify() throws(ModelError) {
    for (index, subgraph) in subgraphs.enumerated() {
      try locating(Location(graphPath: [subgraph.name ?? "#\(index)"])) { () throws(ModelError) in
        try verify(subgraph)
      }
    }
    for item in metadata where !buffers.indices.contains(item.buffer) {
      throw ModelError(.malformed, "metadata '\(item.name ?? "")' refers to buffer \(item.buffer)")
    }
    for signature in signatures {
      guard subgraphs.indices.contains(signature.subgraph) else {
        throw ModelError(
          .malformed, "signature '\(signature.key ?? "")' refers to subgraph \(signature.subgraph)")
      }
      let tensors = subgraphs[signature.subgraph].tensors.indices
      for map in signature.inputs + signature.outputs where !tensors.contains(map.tensor) {
        throw ModelError(.malformed, "signature '\(signature.key ?? "")' refers to tensor \(map.tensor)")
      }
    }
  }

  private func verify(_ subgraph: Subgraph) throws(ModelError) {
    for tensor in subgraph.tensors where !buffers.indices.contains(tensor.buffer) {
      // Files without any buffers exist in which every tensor says 0.
      guard tensor.buffer == 0 else {
        throw ModelError(
          .malformed, "refers to buffer \(tensor.buffer) of \(buffers.count)",
          at: Location(tensor: tensor.name)
        )
      }
    }
    let tensors = subgraph.tensors.indices
    for tensor in subgraph.inputs + subgraph.outputs where !tensors.contains(tensor) {
      throw ModelError(.malformed, "the interface refers to tensor \(tensor) of \(tensors.count)")
    }
    for (index, item) in subgraph.operators.enumerated() {
      guard operatorCodes.indices.contains(item.code) else {
        throw ModelError(
          .malformed, "refers to operator code \(item.code) of \(operatorCodes.count)",
          at: Location(node: .init(name: "", operatorName: "", index: index)))
      }
      let place = Location(node: .init(name: "", operatorName: operatorCodes[item.code].name, index: index))
      for tensor in item.inputs where tensor != -1 && !tensors.contains(tensor) {
        throw ModelError(.malformed, "takes tensor \(tensor) of \(tensors.count)", at: place)
      }
      for tensor in item.outputs + (item.intermediates ?? []) where !tensors.contains(tensor) {
        throw ModelError(.malformed, "writes tensor \(tensor) of \(tensors.count)", at: place)
      }
    }
  }
}

extension TFLiteModel.OperatorCode {
  fileprivate init(_ table: FlatTable) throws(ModelError) {
    // Numbers from 127 on do not fit the old field; files from before there were any have only the old one.
    builtin = max(try table.integer("deprecated_builtin_code"), try table.integer("builtin_code"))
    customCode = try table.string("custom_code")
    version = try table.integer("version")
  }
}

extension TFLiteModel.Subgraph {
  fileprivate init(_ table: FlatTable, of region: ByteRegion, limits: Limits) throws(ModelError) {
    name = try table.string("name")
    inputs = try table.integers("inputs") ?? []
    outputs = try table.integers("outputs") ?? []
    debugMetadataIndex = try table.integer("debug_metadata_index")
    tensors = try table.each("tensors") { (table) throws(ModelError) in
      try TFLiteModel.Tensor(table, limits: limits)
    }
    operators = try table.each("operators") { (table) throws(ModelError) in
      try TFLiteModel.Operator(table, of: region)
    }
  }
}

extension TFLiteModel.Tensor {
  fileprivate init(_ table: FlatTable, limits: Limits) throws(ModelError) {
    name = try table.string("name") ?? ""
    shape = try table.integers("shape") ?? []
    shapeSignature = try table.integers("shape_signature")
    hasRank = try table.bool("has_rank")
    type = try table.integer("type")
    buffer = try table.integer("buffer")
    isVariable = try table.bool("is_variable")
    quantization = try table.table("quantization").map(TFLiteModel.Quantization.init)
    sparsity = try table.table("sparsity")?.object()
    variantTensors = try table.tables("variant_tensors")?.map { (table) throws(ModelError) in
      try table.object()
    }
    let place = Location(tensor: name)
    guard try table.integer("external_buffer") == 0 else {
      throw ModelError(.unsupported, "its data is in another file", at: place)
    }
    guard shape.count <= limits.rank else {
      throw ModelError(
        .limitExceeded, "rank \(shape.count) is beyond the limit of \(limits.rank)", at: place)
    }
    guard shape.allSatisfy({ $0 >= 0 }), (shapeSignature ?? []).allSatisfy({ $0 >= -1 }) else {
      throw ModelError(.malformed, "impossible shape \(shapeSignature ?? shape)", at: place)
    }
    if let shapeSignature, !shapeSignature.isEmpty, shapeSignature.count != shape.count {
      throw ModelError(.malformed, "shape \(shape) but signature \(shapeSignature)", at: place)
    }
  }
}

extension TFLiteModel.Quantization {
  fileprivate init(_ table: FlatTable) throws(ModelError) {
    func floats(_ name: String) throws(ModelError) -> [Float]? {
      try table.reals(name).map { $0.map { Float($0) } }
    }
    min = try floats("min")
    max = try floats("max")
    scale = try floats("scale")
    zeroPoint = try table.integers("zero_point")
    axis = try table.integer("quantized_dimension")
    details = try table.union("details")
  }
}

extension TFLiteModel.Operator {
  fileprivate init(_ table: FlatTable, of region: ByteRegion) throws(ModelError) {
    code = try table.integer("opcode_index")
    inputs = try table.integers("inputs") ?? []
    outputs = try table.integers("outputs") ?? []
    options = try table.union("builtin_options")
    if options == nil { options = try table.union("builtin_options_2") }
    customOptions = try table.data(
      inline: "custom_options", offset: "large_custom_options_offset", size: "large_custom_options_size",
      of: region)
    mutatingVariableInputs = try table.integers("mutating_variable_inputs")
    intermediates = try table.integers("intermediates")
    debugMetadataIndex = try table.integer("debug_metadata_index")
  }
}

extension TFLiteModel.Signature {
  fileprivate init(_ table: FlatTable) throws(ModelError) {
    func maps(_ name: String) throws(ModelError) -> [TFLiteModel.TensorMap] {
      try table.each(name) { (table) throws(ModelError) in
        TFLiteModel.TensorMap(name: try table.string("name"), tensor: try table.integer("tensor_index"))
      }
    }
    key = try table.string("signature_key")
    inputs = try maps("inputs")
    outputs = try maps("outputs")
    subgraph = try table.integer("subgraph_index")
  }
}

extension FlatTable {
  /// The elements of a vector of tables; an absent vector is an empty one.
  fileprivate func each<Element>(
    _ name: String, _ make: (FlatTable) throws(ModelError) -> Element
  ) throws(ModelError) -> [Element] {
    var elements: [Element] = []
    for (index, table) in (try tables(name) ?? []).enumerated() {
      elements.append(
        try locating(Location(attribute: "\(name)[\(index)]")) { () throws(ModelError) in try make(table) })
    }
    return elements
  }

  /// The member of a union as a value.
  fileprivate func union(_ name: String) throws(ModelError) -> FlatObject? {
    if let member = try table(name) { return try member.object() }
    let tag = try unionTag(name)
    guard tag == 0 else {
      throw ModelError(.unsupported, "\(name) of kind \(tag) are newer than this program")
    }
    return nil
  }

  /// Bytes that stand in the table or, in files beyond 2 GiB, anywhere in the file.
  fileprivate func data(
    inline: String, offset: String, size: String, of region: ByteRegion
  ) throws(ModelError) -> ByteRegion? {
    let count = try integer(size)
    if count == 0 { return try bytes(inline) }
    return try region.slice(offset: try integer(offset), count: count)
  }
}
