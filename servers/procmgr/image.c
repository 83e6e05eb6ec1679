/* SPDX-License-Identifier: MIT
 * Programs in the boot image, which init has mapped here read-only and whole. A program is the file "bin/NAME"; NAME,
 * bin/NAME and /bin/NAME all mean it.
 */
#include "procmgr.h"

#include <abi/image.h>
#include <string.h>

static const struct image_header *image(void) { return (const struct image_header *)PROCMGR_IMAGE_VA; }

/* The page tables of the image's mapping are asked for now; a page of the image itself never needs memory. */
void image_init(void)
{
    for (vaddr_t va = PROCMGR_IMAGE_VA; va < PROCMGR_IMAGE_VA + image()->total_bytes; va += CHUNK_SIZE)
        (void)*(volatile const uint8_t *)va;
}

static const char *base_name(const char *path)
{
    if (*path == '/')
        path++;
    return strncmp(path, "bin/", 4) == 0 ? path + 4 : path;
}

err_t image_program(unsigned file, struct program *out)
{
    const struct image_entry *e = &image()->entry[file];
    *out = (struct program){.file = file};
    if (e->offset > image()->total_bytes || e->size_bytes > image()->total_bytes - e->offset)
        return ERR_NOEXEC;
    strncpy(out->name, base_name(e->name), sizeof out->name - 1);
    return elf_read((const uint8_t *)image() + e->offset, e->size_bytes, out);
}

err_t image_find(const char *path, struct program *out)
{
    const char *name = base_name(path);
    if (image()->magic != IMAGE_MAGIC || image()->files > IMAGE_FILES_MAX)
        return ERR_NOEXEC;
    if (*name == 0)
        return ERR_NOENT;
    for (unsigned i = 0; i < image()->files; i++) {
        const char *file = image()->entry[i].name;
        if (strncmp(file, "bin/", 4) == 0 && strncmp(file + 4, name, IMAGE_NAME_MAX - 4) == 0)
            return image_program(i, out);
    }
    return ERR_NOENT;
}
