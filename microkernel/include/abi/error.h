/* SPDX-License-Identifier: MIT
 * The one list of errors. Kernel and servers return these, negative; libc maps them to errno.
 */
#ifndef ABI_ERROR_H
#define ABI_ERROR_H

/*  X(name, value, what it means to the caller) */
#define ERRORS(X) \
    X(OK, 0, "done") \
    X(ERR_INVAL, -1, "an argument is outside its documented range") \
    X(ERR_HANDLE, -2, "no such handle, or the object behind it is gone") \
    X(ERR_TYPE, -3, "the handle names another type of object") \
    X(ERR_RIGHTS, -4, "the handle lacks the right for this operation") \
    X(ERR_NOMEM, -5, "no memory, frame or table for this; nothing changed") \
    X(ERR_NOHANDLE, -6, "the handle table is full; nothing changed") \
    X(ERR_STALE, -7, "the reply id was answered, cancelled or never given to the caller") \
    X(ERR_TIMEOUT, -8, "the deadline passed") \
    X(ERR_PEER_DEAD, -9, "the server died before it answered") \
    X(ERR_CANCELLED, -10, "the wait was ended from outside") \
    X(ERR_EXIST, -11, "it is there already") \
    X(ERR_NOENT, -12, "there is no such thing") \
    X(ERR_BUSY, -13, "still in use") \
    X(ERR_OWNER, -14, "the caller does not own this frame or chunk") \
    X(ERR_NOTABLE, -15, "a page table is missing on the way to the address") \
    X(ERR_FAULT, -16, "an address in a named buffer is not accessible") \
    X(ERR_FAULT_PENDING, -17, "the buffer's page is being brought in; go on at the notification") \
    X(ERR_PERM, -18, "this caller may not do that") \
    X(ERR_NOSYS, -19, "no such operation") \
    X(ERR_IN_PROGRESS, -20, "accepted; a notification says when it is done") \
    X(ERR_LIMIT, -21, "a quota or fixed limit is reached; nothing changed") \
    X(ERR_IO, -22, "the device reported an error") \
    X(ERR_NOEXEC, -23, "not a program this system can run") \
    X(ERR_CHILD, -24, "no such child") \
    X(ERR_AGAIN, -25, "not now; the same call may succeed later") \
    X(ERR_NAMETOOLONG, -26, "a name or list is longer than the limit")

enum error {
#define ERROR_ENUM(name, value, text) name = (value),
    ERRORS(ERROR_ENUM)
#undef ERROR_ENUM
};

typedef int err_t; /* an enum error, OK == 0 */

#endif
