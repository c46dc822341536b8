/** Searching an archive by the keys of records, and making the index for it. */
@NullMarked
package io.veloz.wal.archive.internal.search;

import org.jspecify.annotations.NullMarked;
