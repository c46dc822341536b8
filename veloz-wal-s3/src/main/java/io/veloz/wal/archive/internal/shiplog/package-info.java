/** The ship log of an archive: its slots in the store, one after the other. Knows no local log. */
@NullMarked
package io.veloz.wal.archive.internal.shiplog;

import org.jspecify.annotations.NullMarked;
