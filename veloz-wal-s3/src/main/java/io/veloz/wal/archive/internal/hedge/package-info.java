/** Sends a put that takes unusually long a second time. Depends on stores only, neither on slots nor on logs. */
@NullMarked
package io.veloz.wal.archive.internal.hedge;

import org.jspecify.annotations.NullMarked;
