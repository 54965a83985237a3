// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** Options that several commands share, each with what help says of it. */
final class RunOptionsSpec {

    private RunOptionsSpec() { }

    /** Adds seed, crash instant, rate, times, the choice of kernels, units, devices, variants. */
    static Options run(Options options) {
        return options
                .addOption(valued("seed", "N", "of every choice that is left open; 1"))
                .addOption(valued("crash-at", "TIME", "when the first kernel panics; 50ms"))
                .addOption(valued("rate", "FACTOR",
                        "on the work of every device; 0 leaves all idle"))
                .addOption(valued("kernel", "VERSION", "of the first kernel, such as 4.2"))
                .addOption(valued("capture-kernel", "VERSION", "of the capture kernel"))
                .addOption(repeated("kernel-setting", "NAME=VALUE",
                        "of both kernels (docs/kernels.md)"))
                .addOption(valued("cmdline", "LINE", "the first kernel's command line"))
                .addOption(valued("capture-cmdline", "LINE", "the capture kernel's"))
                .addOption(valued("capture-drivers", "DRIVERS",
                        "that the capture kernel has: all, dump-target or BDF,..."))
                .addOption(valued("times", "TIMES", "of phases: recorded, server or a factor"))
                .addOption(valued("hardware", "PROFILE", "how units behave: spec, qemu-7.2..."))
                .addOption(repeated("unit-setting", "NAME=VALUE", "of units (docs/units.md)"))
                .addOption(repeated("device-option", "BDF,NAME=VALUE",
                        "of a device (docs/devices.md)"))
                .addOption(repeated("variant", "NAME=POLICY,SETTING=VALUE",
                        "one more policy: another with other settings"));
    }

    /** Adds --registers. */
    static Options target(Options options) {
        return options.addOption(valued("registers", "FILE", "the units' registers, as JSON"));
    }

    /** Returns the option that every command has, and the launcher takes. */
    static Option load() {
        return repeated("load", "JAR",
                "bundles and settings beside the lab's own: a file or a folder");
    }

    /** Returns the option that names a policy. */
    static Option policy(String text) {
        return repeated("policy", "POLICY", text);
    }

    static Option valued(String name, String value, String text) {
        return Option.builder().longOpt(name).hasArg().argName(value).desc(text).build();
    }

    /** Marks an option that may be given again: help says so. */
    private static Option repeated(String name, String value, String text) {
        Option option = valued(name, value, text);
        option.setType(Iterable.class);
        return option;
    }
}
