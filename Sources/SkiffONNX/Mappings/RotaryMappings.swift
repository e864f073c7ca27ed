import SkiffBinary
import SkiffIR
import SkiffOperators

/// Rotary embeddings of ONNX itself and of ONNX Runtime, taken apart into products and sums.
enum RotaryMappings {
  static let rows: [Mapping] = [
    Mapping("RotaryEmbedding", since: 23) { (node) throws(ModelError) in
      let rotation = Rotation(cosines: try node.input(1), sines: try node.input(2), places: node.optional(3))
      return [try rotation.result(&node)]
    },
    Mapping("RotaryEmbedding", domain: "com.microsoft") { (node) throws(ModelError) in
      guard try !node.flag("is_packed_batching"), try node.real("scale", default: 1) == 1 else {
        throw ModelError(.unsupported, "samples in one row, or a scale")
      }
      var places = try node.input(1)
      if try node.type(of: places).rank == 1 {
        // The place of the first word.
        let input = try node.input(0)
        let axis = try node.type(of: input).rank == 4 ? 2 : 1
        let own = try node.add(Add(), node.places(ofAxis: axis, of: input), places)
        places = try node.add(Unsqueeze(axes: [0]), own)
      }
      let rotation = Rotation(cosines: try node.input(2), sines: try node.input(3), places: places)
      return [try rotation.result(&node)]
    },
  ]

  /// Pairs of elements of each head turned by the angles of their places.
  ///
  /// Su and others, "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021.
  private struct Rotation {
    /// Cosines and sines `[places, width / 2]`, or `[batch, words, width / 2]` where no places are given.
    let cosines: ValueID
    let sines: ValueID
    /// The place of each word, `[batch, words]`.
    let places: ValueID?

    /// The input, `[batch, heads, words, width]` or `[batch, words, heads · width]`, turned.
    func result(_ node: inout NodeImport) throws(ModelError) -> ValueID {
      var input = try node.input(0)
      let rank = try node.type(of: input).rank
      let width = try node.integer("rotary_embedding_dim", default: 0)
      let whole = try node.type(of: input).shape.dimensions.last?.fixed
      if rank == 3 {
        let heads = try headCount(width, &node)
        input = try node.add(
          Reshape(), input, node.constant([0, 0, heads, whole.map { $0 / heads } ?? -1]))
      } else if rank != 4 {
        throw ModelError(.malformed, "an input of \(rank) axes")
      }
      let axis = rank == 4 ? 1 : 2
      let (cosine, sine) = (try angles(cosines, axis, &node), try angles(sines, axis, &node))
      let part = width > 0 ? try node.part(input, from: 0, to: width) : input
      let pairs = try node.flag("interleaved")
      let (a, b) = try halves(part, pairs, &node)
      let real = try node.add(
        Subtract(), node.add(Multiply(), cosine, a), node.add(Multiply(), sine, b))
      let imaginary = try node.add(
        Add(), node.add(Multiply(), sine, a), node.add(Multiply(), cosine, b))
      var turned: ValueID
      if pairs {
        let joined = try node.add(
          Concat(axis: -1), node.add(Unsqueeze(axes: [-1]), real), node.add(Unsqueeze(axes: [-1]), imaginary))
        let size = try node.type(of: part).shape[3].fixed ?? -1
        turned = try node.add(Reshape(), joined, node.constant([0, 0, 0, size]))
      } else {
        turned = try node.add(Concat(axis: -1), real, imaginary)
      }
      if width > 0 {
        turned = try node.add(Concat(axis: -1), turned, node.part(input, from: width, to: .max))
      }
      return rank == 3 ? try node.reshaped(turned, to: [0, 0, whole ?? -1]) : turned
    }

    /// The number of heads side by side: as stated, or where all of a head is turned, that of the tables' widths.
    private func headCount(_ width: Int, _ node: inout NodeImport) throws(ModelError) -> Int {
      var heads = try node.integer("num_heads", default: 0)
      if heads == 0, width == 0, let whole = try node.type(of: node.input(0)).shape[2].fixed,
        let half = try node.type(of: cosines).shape.dimensions.last?.fixed, half > 0, half < 1 << 30
      {
        heads = whole / (2 * half)
      }
      guard heads > 0 else { throw ModelError(.unsupported, "the number of heads is not known") }
      return heads
    }

    private func angles(
      _ table: ValueID, _ axis: Int, _ node: inout NodeImport
    ) throws(ModelError) -> ValueID {
      let rows =
        try places.map { (places) throws(ModelError) in try node.add(Gather(axis: 0), table, places) }
        ?? table
      return try node.add(Unsqueeze(axes: [axis]), rows)
    }

    /// The elements that are turned together: neighbours, or of one half and of the other.
    private func halves(
      _ value: ValueID, _ areNeighbours: Bool, _ node: inout NodeImport
    ) throws(ModelError) -> (ValueID, ValueID) {
      guard areNeighbours else {
        var split = Split()
        (split.axis, split.parts) = (-1, 2)
        let parts = try node.add(split, [value])
        return (parts[0], parts[1])
      }
      return (
        try node.part(value, from: 0, to: .max, by: 2), try node.part(value, from: 1, to: .max, by: 2)
      )
    }
  }
}

extension NodeImport {
  /// The elements of the last axis from one position to before another.
  fileprivate mutating func part(
    _ value: ValueID, from start: Int, to end: Int, by step: Int = 1
  ) throws(ModelError) -> ValueID {
    try add(Slice(), value, constant([start]), constant([end]), constant([-1]), constant([step]))
  }
}
