#ifndef SKIFF_CHDF5_SHIM_H
#define SKIFF_CHDF5_SHIM_H

// Newer libraries then map the versioned names below to the functions of 1.10, whose signatures are used here.
#define H5_USE_110_API
#include <hdf5.h>
#include <string.h>

// Predefined types, property list classes and flags are macros that first call H5open(), which Swift cannot see.
static inline hid_t skiff_h5_native_int(size_t size, int is_signed) {
  switch (size) {
    case 1: return is_signed ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8;
    case 2: return is_signed ? H5T_NATIVE_INT16 : H5T_NATIVE_UINT16;
    case 4: return is_signed ? H5T_NATIVE_INT32 : H5T_NATIVE_UINT32;
    case 8: return is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64;
    default: return H5I_INVALID_HID;
  }
}

// The library has no native half float; a copy of a native float with IEEE's fields is one.
static inline hid_t skiff_h5_little_float(size_t size) {
  switch (size) {
    case 4: return H5Tcopy(H5T_IEEE_F32LE);
    case 8: return H5Tcopy(H5T_IEEE_F64LE);
    case 2: {
      hid_t half = H5Tcopy(H5T_IEEE_F32LE);
      if (H5Tset_fields(half, 15, 10, 5, 0, 10) < 0 || H5Tset_size(half, 2) < 0 || H5Tset_ebias(half, 15) < 0) {
        H5Tclose(half);
        return H5I_INVALID_HID;
      }
      return half;
    }
    default: return H5I_INVALID_HID;
  }
}

// H5T_VARIABLE and H5T_C_S1 are macros; strings of variable length are read as pointers to UTF-8.
static inline hid_t skiff_h5_variable_string(hid_t stored) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5Tget_cset(stored)) < 0) {
    H5Tclose(type);
    return H5I_INVALID_HID;
  }
  return type;
}

// H5P_DATASET_XFER, H5S_ALL and H5P_DEFAULT are macros.
static inline herr_t skiff_h5_reclaim_strings(hid_t type, hid_t space, void *strings) {
  return H5Dvlen_reclaim(type, space, H5P_DEFAULT, strings);
}
static inline herr_t skiff_h5_read(hid_t dataset, hid_t type, void *bytes) {
  return H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
}
static inline hid_t skiff_h5_open_group(hid_t parent, const char *name) {
  return H5Gopen2(parent, name, H5P_DEFAULT);
}
static inline hid_t skiff_h5_open_dataset(hid_t parent, const char *name) {
  return H5Dopen2(parent, name, H5P_DEFAULT);
}
static inline hid_t skiff_h5_open_attribute(hid_t object, const char *name) {
  return H5Aopen(object, name, H5P_DEFAULT);
}

// HADDR_UNDEF is a cast of a negative number, which Swift does not import.
static inline int skiff_h5_is_address(haddr_t address) { return address != HADDR_UNDEF; }

// The default error handler prints to stderr; H5E_DEFAULT is a macro.
static inline void skiff_h5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

// Objects are told apart by address here and by token in newer libraries: the 1.10 structure is one for both.
// H5O_info_t has other members there, so that it stays on this side.
static inline int skiff_h5_object(hid_t parent, const char *name, int *kind, unsigned long long *address) {
  H5O_info_t info;
#if H5_VERSION_GE(1, 10, 3)
  if (H5Oget_info_by_name2(parent, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
#else
  if (H5Oget_info_by_name(parent, name, &info, H5P_DEFAULT) < 0) return -1;
#endif
  *kind = (int)info.type;
  *address = (unsigned long long)info.addr;
  return 0;
}

// H5Literate is a macro over versioned names from 1.12 on, and so is the type of what its callback gets.
typedef int (*skiff_h5_visit)(const char *name, int kind, void *context);
struct skiff_h5_visitor {
  skiff_h5_visit visit;
  void *context;
};
static inline herr_t skiff_h5_visit_link(hid_t group, const char *name, const H5L_info_t *info, void *visitor) {
  (void)group;
  struct skiff_h5_visitor *v = (struct skiff_h5_visitor *)visitor;
  return v->visit(name, (int)info->type, v->context);
}
static inline int skiff_h5_links(hid_t group, skiff_h5_visit visit, void *context) {
  struct skiff_h5_visitor visitor = {visit, context};
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, skiff_h5_visit_link, &visitor);
}
static inline herr_t skiff_h5_visit_attribute(
    hid_t object, const char *name, const H5A_info_t *info, void *visitor) {
  (void)object;
  (void)info;
  struct skiff_h5_visitor *v = (struct skiff_h5_visitor *)visitor;
  return v->visit(name, 0, v->context);
}
static inline int skiff_h5_attributes(hid_t object, skiff_h5_visit visit, void *context) {
  struct skiff_h5_visitor visitor = {visit, context};
  return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, skiff_h5_visit_attribute, &visitor);
}

// A file image is copied several times unless these callbacks hand out the caller's own memory each time. The core
// driver writes to it only if the file is opened for writing.
struct skiff_h5_image {
  const void *bytes;
  size_t size;
};
static inline void *skiff_h5_image_malloc(size_t size, H5FD_file_image_op_t op, void *image) {
  (void)op;
  struct skiff_h5_image *i = (struct skiff_h5_image *)image;
  return size == i->size ? (void *)i->bytes : NULL;
}
static inline void *skiff_h5_image_memcpy(
    void *to, const void *from, size_t size, H5FD_file_image_op_t op, void *image) {
  (void)op;
  (void)image;
  (void)size;
  return to == from ? to : NULL;
}
static inline void *skiff_h5_image_realloc(void *bytes, size_t size, H5FD_file_image_op_t op, void *image) {
  (void)bytes;
  (void)size;
  (void)op;
  (void)image;
  return NULL;
}
static inline herr_t skiff_h5_image_free(void *bytes, H5FD_file_image_op_t op, void *image) {
  (void)bytes;
  (void)op;
  (void)image;
  return 0;
}
static inline void *skiff_h5_image_retain(void *image) { return image; }
static inline herr_t skiff_h5_image_release(void *image) {
  (void)image;
  return 0;
}

// Opens a file that is in memory: needs property lists, flags and callbacks, all of which are macros or C functions.
// `image` must outlive the file.
static inline hid_t skiff_h5_open_image(struct skiff_h5_image *image) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  hid_t file = H5I_INVALID_HID;
  H5FD_file_image_callbacks_t callbacks = {
      skiff_h5_image_malloc, skiff_h5_image_memcpy,  skiff_h5_image_realloc, skiff_h5_image_free,
      skiff_h5_image_retain, skiff_h5_image_release, image};
  if (access < 0) return file;
  if (H5Pset_fapl_core(access, 1 << 16, 0) >= 0 && H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
      H5Pset_file_image(access, (void *)image->bytes, image->size) >= 0)
    file = H5Fopen("image", H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return file;
}

#endif
