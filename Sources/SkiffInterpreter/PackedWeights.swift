import SkiffBinary
import Synchronization

/// The packed weights of a plan's kernels, those of the same bytes once: recurrent networks that are written out step by step
/// have the same ones in each step.
package final class PackedWeights: Sendable {
  private let bySize = Mutex([Int: [ByteRegion]]())

  package init() {}

  /// The same bytes, which others may have already.
  package func shared(_ region: ByteRegion) -> ByteRegion {
    bySize.withLock { bySize in
      if let known = bySize[region.count]?.first(where: { $0 == region }) { return known }
      bySize[region.count, default: []].append(region)
      return region
    }
  }
}
