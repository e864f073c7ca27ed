import CHDF5
import SkiffHDF5Index

/// How the elements of a dataset or an attribute are stored, and as what they are read.
struct HDF5Element: ~Copyable {
  /// What the index says that they are.
  let type: HDF5Index.ElementType
  /// The bytes of one element in memory.
  let size: Int
  /// The type to read them as; negative if they are not read.
  let memoryType: hid_t
  /// Whether the bytes in the file are already those in memory.
  let isStoredAsRead: Bool

  /// Describes the elements of the datatype `stored`.
  init(of stored: borrowing HDF5Handle) {
    let storedSize = H5Tget_size(stored.id)
    switch H5Tget_class(stored.id) {
    case H5T_INTEGER:
      let isSigned = H5Tget_sign(stored.id) == H5T_SGN_2
      let native = skiff_h5_native_int(storedSize, isSigned ? 1 : 0)
      guard native >= 0 else { break }
      self.init(
        isSigned ? .signed(storedSize) : .unsigned(storedSize), storedSize, H5Tcopy(native),
        isStoredAsRead: H5Tequal(stored.id, native) > 0)
      return
    case H5T_FLOAT:
      let same = skiff_h5_little_float(storedSize)
      if same >= 0, H5Tequal(stored.id, same) > 0 {
        self.init(.float(storedSize), storedSize, same, isStoredAsRead: true)
        return
      }
      if same >= 0 { H5Tclose(same) }
      // Another byte order or other fields (bfloat16 among them): the next larger IEEE type holds every value.
      let size = storedSize > 4 ? 8 : 4
      guard storedSize <= 8 else { break }
      self.init(.float(size), size, skiff_h5_little_float(size), isStoredAsRead: false)
      return
    case H5T_ENUM where storedSize == 1 && isTruthValue(stored.id):
      self.init(.boolean, 1, H5Tcopy(stored.id), isStoredAsRead: true)
      return
    case H5T_OPAQUE where (1...16).contains(storedSize):
      self.init(.opaque(storedSize), storedSize, H5Tcopy(stored.id), isStoredAsRead: true)
      return
    case H5T_STRING:
      self.init(.string, 0, -1, isStoredAsRead: false)
      return
    default: break
    }
    self.init(.other, 0, -1, isStoredAsRead: false)
  }

  private init(_ type: HDF5Index.ElementType, _ size: Int, _ memoryType: hid_t, isStoredAsRead: Bool) {
    self.type = type
    self.size = size
    self.memoryType = memoryType
    self.isStoredAsRead = isStoredAsRead
  }

  deinit { if memoryType >= 0 { H5Tclose(memoryType) } }
}

/// Whether an enumeration is the one that h5py stores truth values as: FALSE = 0, TRUE = 1.
private func isTruthValue(_ type: hid_t) -> Bool {
  guard H5Tget_nmembers(type) == 2 else { return false }
  var value: UInt8 = 0
  let isFalse = H5Tenum_valueof(type, "FALSE", &value) >= 0 && value == 0
  let isTrue = H5Tenum_valueof(type, "TRUE", &value) >= 0 && value == 1
  return isFalse && isTrue
}
