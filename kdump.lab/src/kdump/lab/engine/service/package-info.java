// SPDX-License-Identifier: Apache-2.0

/** The lab as a service, and the registry of the bundles that it works with. */
package kdump.lab.engine.service;
