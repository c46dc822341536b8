/** The index of record keys: which segments contain a key. It is a cache, and no evidence. */
@NullMarked
package io.veloz.wal.archive.internal.index;

import org.jspecify.annotations.NullMarked;
