// Loaded into the program by its guard (lib.mjs). When the guard is gone, even by kill -9, the program ends as if asked to.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
// The channel must not keep the program alive when all its work is done.
process.channel?.unref()
