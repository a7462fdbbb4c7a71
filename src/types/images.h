/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How the large forms of the types are saved piece by piece while they change: rows for
 * type_ops.image (store/image.h says what that means). Inner to types/.
 */
#ifndef RINGLET_TYPES_IMAGES_H
#define RINGLET_TYPES_IMAGES_H

#include "store/image.h"

extern const struct image_ops string_image;
extern const struct image_ops list_image;
extern const struct image_ops hash_image;
extern const struct image_ops set_image;
extern const struct image_ops zset_image;
extern const struct image_ops stream_image;

#endif
