/** The ship log of an archive: the chain of its slots in the store. Does not depend on the local log. */
@NullMarked
package io.veloz.wal.archive.internal.shiplog;

import org.jspecify.annotations.NullMarked;
