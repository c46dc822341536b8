/** The proof that an archive is complete, based on its objects alone. Read-only. See docs/archive.md. */
@NullMarked
package io.veloz.wal.archive.internal.proof;

import org.jspecify.annotations.NullMarked;
