import SkiffBinary
import SkiffHDF5
import SkiffHDF5Index

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Reads the HDF5 file on standard input, writes its index to standard output. Whatever the file does to libhdf5 stays
// in here, within the memory and the time that the caller allows.

let usage = """
  usage: skiff-hdf5 <offset> <length> <structure bytes> <decoded bytes> <count> <depth> <seconds> < file > index

  Writes the index of the HDF5 file that is <length> bytes of standard input from <offset> on. Skiff starts this by
  itself; there is no other use for it.
  """

func complain(_ message: String) -> Never {
  let line = message + "\n"
  _ = systemWrite(2, line, line.utf8.count)
  exit(64)
}

func restrict(_ resource: Int32, to bytes: Int) {
  var limit = rlimit()
  guard getrlimit(resource, &limit) == 0 else { return }
  limit.rlim_cur = min(limit.rlim_max, rlim_t(clamping: bytes))
  setrlimit(resource, &limit)
}

#if canImport(Glibc)
  let memoryResource = Int32(RLIMIT_AS.rawValue)
  let fileResource = Int32(RLIMIT_FSIZE.rawValue)
  let coreResource = Int32(RLIMIT_CORE.rawValue)
#else
  let memoryResource = RLIMIT_AS
  let fileResource = RLIMIT_FSIZE
  let coreResource = RLIMIT_CORE
#endif

struct StandardOutput: HDF5IndexSink {
  private var pending: [UInt8] = []

  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ModelError) {
    if pending.count + bytes.count > 1 << 16 { try flush() }
    if bytes.count > 1 << 16 {
      try send(bytes)
    } else {
      pending.append(contentsOf: bytes)
    }
  }

  mutating func flush() throws(ModelError) {
    try withBytes(of: pending) { (bytes) throws(ModelError) in try send(bytes) }
    pending.removeAll(keepingCapacity: true)
  }

  private func send(_ bytes: UnsafeRawBufferPointer) throws(ModelError) {
    var rest = bytes[...]
    while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      let written = systemWrite(1, start, rest.count)
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw ModelError(.inputOutput, "cannot write the index: \(systemReason())") }
      rest = rest.dropFirst(written)
    }
  }
}

/// The system's `write`, which the method of that name hides.
func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

/// The sum, or the largest number if that is beyond it.
func sum(_ numbers: Int...) -> Int {
  numbers.reduce(0) { sum, number in
    let (next, overflow) = sum.addingReportingOverflow(number)
    return overflow ? Int.max : next
  }
}

let numbers = CommandLine.arguments.dropFirst().map { Int($0) ?? -1 }
guard numbers.count == 7, numbers.allSatisfy({ $0 >= 0 }) else { complain(usage) }
let (offset, length, seconds) = (numbers[0], numbers[1], numbers[6])
var limits = Limits()
limits.structureSize = numbers[2]
limits.inflatedSize = numbers[3]
limits.count = numbers[4]
limits.depth = numbers[5]

let page = Int(sysconf(Int32(_SC_PAGESIZE)))
let start = offset - offset % max(page, 1)
let (mapped, overflow) = length.addingReportingOverflow(offset - start)
guard length > 0, !overflow, off_t(exactly: start) != nil else { complain("skiff-hdf5: nothing to read") }
guard let memory = mmap(nil, mapped, PROT_READ, MAP_PRIVATE, 0, off_t(start)), memory != MAP_FAILED else {
  complain("skiff-hdf5: cannot map standard input: \(systemReason())")
}

// The program and its libraries take address space of their own, some 100 MB.
let programSize = 1 << 29
restrict(memoryResource, to: sum(mapped, programSize, limits.structureSize, limits.structureSize))
restrict(fileResource, to: sum(limits.inflatedSize, limits.structureSize, limits.structureSize))
restrict(coreResource, to: 0)
alarm(UInt32(clamping: max(seconds, 1)))

let image = UnsafeRawBufferPointer(start: memory + (offset - start), count: length)
do throws(ModelError) {
  var output = try writeIndex(of: image, to: StandardOutput(), limits: limits)
  try output.flush()
} catch {
  complain("skiff-hdf5: \(error.message)")
}
