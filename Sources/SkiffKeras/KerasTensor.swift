import SkiffIR

/// A tensor of Keras: its elements, and a mask if it has one.
struct KerasTensor {
  /// The elements.
  let value: ValueID
  /// Which of its steps count, true for those; its axes are the first ones of the tensor.
  var mask: ValueID?
}
