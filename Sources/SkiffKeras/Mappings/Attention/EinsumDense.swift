import SkiffBinary
import SkiffIR
import SkiffOperators

func einsumDenseVariables(_ settings: KerasSettings) throws(ModelError) -> [KerasVariable] {
  [KerasVariable("kernel")] + (settings.has("bias_axes") ? [KerasVariable("bias")] : [])
}

/// The sum of products that an equation spells out, of the input and a kernel.
func einsumDense(_ call: LayerCall) throws(ModelError) -> ValueID {
  let input = try call.input()
  let rank = try call.shape(of: input).rank
  let equation = try call.settings.string("equation").filter { !$0.isWhitespace }
  let sides = equation.split(separator: ">", omittingEmptySubsequences: false).map(String.init)
  guard sides.count == 2, sides[0].hasSuffix("-") else { throw call.settings.unsupported("equation") }
  let operands = sides[0].dropLast().split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  guard operands.count == 2, !operands[1].contains(".") else { throw call.settings.unsupported("equation") }
  // Dots stand for axes without letters; what stands in their place is not used otherwise.
  let named = operands[0].filter { $0 != "." }
  guard named.count <= rank, named.count == rank || operands[0].contains("..."),
    (named + operands[1] + sides[1].filter { $0 != "." }).allSatisfy({ $0.isASCII && $0.isLetter })
  else { throw call.settings.unsupported("equation") }
  let free = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".filter { !equation.contains($0) }.prefix(rank - named.count)
  guard free.count == rank - named.count else { throw call.settings.unsupported("equation") }
  let from = operands[0].replacing("...", with: free)
  let to = sides[1].replacing("...", with: free)
  guard !from.contains("."), !to.contains(".") else { throw call.settings.unsupported("equation") }

  // Sizes of the kernel: those of the input where it has the letter, else those of the result.
  var sizes: [Character: Int] = [:]
  for (axis, letter) in from.enumerated() where operands[1].contains(letter) {
    sizes[letter] = try call.size(of: input, axis: axis)
  }
  let outputs = call.settings["output_shape"].map { $0.array ?? [$0] } ?? []
  for (letter, size) in zip(to.reversed(), outputs.reversed()) where sizes[letter] == nil {
    if let size = size.integer { sizes[letter] = size }
  }
  func shape(_ letters: String) throws(ModelError) -> [Int] {
    var shape: [Int] = []
    for letter in letters {
      guard let size = sizes[letter], (0..<1 << 31).contains(size) else {
        throw call.settings.unsupported("output_shape")
      }
      shape.append(size)
    }
    return shape
  }
  let kernel = try call.variable("kernel", shape(operands[1]))
  let sum = try call.add(Einsum("\(from),\(operands[1])->\(to)"), input, kernel, part: "sum")
  guard call.settings.has("bias_axes") else { return try call.activated(sum) }
  let axes = try call.settings.string("bias_axes")
  // A bias lies on axes of the result, with one element along the others behind the first of them.
  let biasLetters = to.filter { axes.contains($0) }
  let first = to.firstIndex { axes.contains($0) } ?? to.startIndex
  let spread = to[first...].map { axes.contains($0) ? (sizes[$0] ?? 0) : 1 }
  let bias = try call.variable("bias", shape(biasLetters).isEmpty ? [] : spread)
  return try call.activated(call.add(Add(), sum, bias))
}
