// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api.command;

import java.io.PrintStream;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/** Runs files of shell lines. A service where there is a shell; thread-safe. */
@ProviderType
public interface ScriptInterface {

    /**
     * Runs a file; the first line that fails ends it.
     *
     * @param file name, from the directory
     * @param out receives results and nothing else; flushed
     * @param err receives everything else
     * @param directory that relative paths start from
     * @return status of the line that failed, 0 if none did
     */
    int run(String file, PrintStream out, PrintStream err, Path directory);
}
