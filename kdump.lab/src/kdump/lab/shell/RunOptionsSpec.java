// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** Options that several commands share. */
final class RunOptionsSpec {

    private RunOptionsSpec() { }

    /** Adds --seed, --crash-at and --rate. */
    static Options run(Options options) {
        return options.addOption(valued("seed")).addOption(valued("crash-at"))
                .addOption(valued("rate"));
    }

    /** Adds --registers. */
    static Options target(Options options) {
        return options.addOption(valued("registers"));
    }

    static Option valued(String name) {
        return Option.builder().longOpt(name).hasArg().build();
    }
}
