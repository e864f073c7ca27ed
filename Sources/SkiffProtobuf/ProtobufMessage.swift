import CProtobufC
import SkiffBinary

/// A message of a file: read by protobuf-c, except for its large leaves, which stay where they are.
///
/// Fields are asked for by their name in the schema. What a message does not have is nil or empty.
package struct ProtobufMessage {
  let tree: UnpackedTree
  let base: UnsafeRawPointer
  let descriptor: MessageDescriptor
  let node: WireNode

  /// Reads the message that `region` holds.
  ///
  /// - Throws: ``ModelError/Code/malformed`` or ``ModelError/Code/truncated`` with the byte offset where the bytes
  ///   are not such a message, ``ModelError/Code/limitExceeded`` beyond `limits`.
  package init(
    parsing region: ByteRegion, as descriptor: MessageDescriptor, limits: Limits = .standard
  ) throws(ModelError) {
    let (bytes, node) = try Skeleton.walk(region, as: descriptor, limits: limits)
    guard let tree = UnpackedTree(unpacking: bytes, as: descriptor) else {
      throw ModelError(
        .malformed, "protobuf-c cannot read the \(descriptor.name)", at: Location(byteOffset: region.offset))
    }
    self.init(tree: tree, base: UnsafeRawPointer(tree.root), descriptor: descriptor, node: node)
  }

  init(tree: UnpackedTree, base: UnsafeRawPointer, descriptor: MessageDescriptor, node: WireNode) {
    self.tree = tree
    self.base = base
    self.descriptor = descriptor
    self.node = node
  }

  /// The place of the message in its file.
  package var location: Location { Location(byteOffset: node.region.offset) }

  /// The message as the file has it.
  package var region: ByteRegion { node.region }
}

/// The structures that protobuf-c made; they go with the last message that is in them.
final class UnpackedTree {
  let root: UnsafeMutablePointer<ProtobufCMessage>

  init?(unpacking bytes: [UInt8], as descriptor: MessageDescriptor) {
    let root = bytes.withUnsafeBufferPointer {
      protobuf_c_message_unpack(descriptor.pointer, nil, $0.count, $0.baseAddress)
    }
    guard let root else { return nil }
    self.root = root
  }

  deinit { protobuf_c_message_free_unpacked(root, nil) }
}
