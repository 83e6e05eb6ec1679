/* SPDX-License-Identifier: MIT
 * Programs in the boot image, which init has mapped here read-only and whole. A program is the file "bin/NAME"; NAME,
 * bin/NAME and /bin/NAME all mean it.
 */
#include "procmgr.h"

#include <abi/image.h>
#include <string.h>

static const struct image_header *image(void) { return (const struct image_header *)PROCMGR_IMAGE_VA; }

static const char *base_name(const char *path)
{
    if (*path == '/')
        path++;
    return strncmp(path, "bin/", 4) == 0 ? path + 4 : path;
}

static err_t program_read(unsigned file, struct program *out)
{
    const struct image_entry *e = &image()->entry[file];
    *out = (struct program){.file = file};
    if (e->offset > image()->total_bytes || e->size_bytes > image()->total_bytes - e->offset || e->size_bytes > UINT32_MAX)
        return ERR_NOEXEC; /* or too long for a message about its regions */
    strncpy(out->name, base_name(e->name), sizeof out->name - 1);
    return elf_read((const uint8_t *)image() + e->offset, e->size_bytes, out);
}

/* By file number; kept_file is that + 1, 0: nothing. The image never changes. */
static struct program kept[PROGRAMS_KEPT];
static unsigned kept_file[PROGRAMS_KEPT];

err_t image_program(unsigned file, const struct program **out)
{
    unsigned at = file % PROGRAMS_KEPT;
    *out = &kept[at];
    if (kept_file[at] == file + 1)
        return OK;
    kept_file[at] = 0;
    err_t err = program_read(file, &kept[at]);
    if (err == OK)
        kept_file[at] = file + 1;
    return err;
}

/* ---- names: file numbers + 1, hashed by what follows "bin/"; a miss goes to the next place ---- */

static uint16_t place[NAME_PLACES];

static unsigned name_hash(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (unsigned i = 0; i < IMAGE_NAME_MAX && name[i]; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash % NAME_PLACES;
}

static void name_add(unsigned file)
{
    const char *name = image()->entry[file].name;
    if (strncmp(name, "bin/", 4) != 0)
        return;
    unsigned at = name_hash(name + 4);
    while (place[at]) /* bound: there are more places than files */
        at = (at + 1) % NAME_PLACES;
    place[at] = (uint16_t)(file + 1);
}

/* The page tables of the image's mapping are asked for now; a page of the image itself never needs memory. */
err_t image_init(void)
{
    if (image()->magic != IMAGE_MAGIC || image()->files > IMAGE_FILES_MAX ||
        IMAGE_HEADER_BYTES(image()->files) > image()->total_bytes)
        return ERR_NOEXEC;
    for (vaddr_t va = PROCMGR_IMAGE_VA; va < PROCMGR_IMAGE_VA + image()->total_bytes; va += CHUNK_SIZE)
        (void)*(volatile const uint8_t *)va;
    for (unsigned i = 0; i < image()->files; i++)
        name_add(i);
    return OK;
}

err_t image_find(const char *path, const struct program **out)
{
    const char *name = base_name(path);
    for (unsigned at = name_hash(name); place[at]; at = (at + 1) % NAME_PLACES) { /* bound: some places are free */
        unsigned file = place[at] - 1u;
        if (strncmp(image()->entry[file].name + 4, name, IMAGE_NAME_MAX - 4) == 0)
            return image_program(file, out);
    }
    return ERR_NOENT;
}
