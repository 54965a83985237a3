// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** Options that several commands share. */
final class RunOptionsSpec {

    private RunOptionsSpec() { }

    /** What {@link #run} adds, for usage lines, and --load, which the launcher takes. */
    static final String USAGE = "[--seed N] [--crash-at 12.5ms] [--rate FACTOR]"
            + " [--kernel 4.2] [--capture-kernel 3.6] [--kernel-setting NAME=VALUE]..."
            + " [--times recorded|server|FACTOR] [--cmdline LINE] [--capture-cmdline LINE]"
            + " [--capture-drivers all|dump-target|BDF,...]"
            + " [--hardware PROFILE] [--unit-setting NAME=VALUE]..."
            + " [--device-option REQUESTER,NAME=VALUE]..."
            + " [--variant NAME=POLICY,SETTING=VALUE,...]... [--load JAR|DIR]...";

    /** Adds seed, crash instant, rate, times, the choice of kernels, units, devices, variants. */
    static Options run(Options options) {
        return options.addOption(valued("seed")).addOption(valued("crash-at"))
                .addOption(valued("rate")).addOption(valued("kernel"))
                .addOption(valued("capture-kernel")).addOption(valued("kernel-setting"))
                .addOption(valued("cmdline")).addOption(valued("capture-cmdline"))
                .addOption(valued("capture-drivers")).addOption(valued("times"))
                .addOption(valued("hardware")).addOption(valued("unit-setting"))
                .addOption(valued("device-option")).addOption(valued("variant"));
    }

    /** Adds --registers. */
    static Options target(Options options) {
        return options.addOption(valued("registers"));
    }

    static Option valued(String name) {
        return Option.builder().longOpt(name).hasArg().build();
    }
}
